# SPDX-License-Identifier: Apache-2.0
"""The loopback server with prepared answers, for commands too."""

from tests.service.client.conftest import serve

__all__ = ["serve"]

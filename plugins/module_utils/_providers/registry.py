# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The providers that a server can be asked from: one line each."""

from __future__ import annotations

import typing as t

from .docker.provider import DockerProvider
from .provider import Provider

PROVIDERS: dict[str, t.Callable[[dict[str, t.Any]], Provider]] = {
    "docker": DockerProvider.from_params,
}
"""From the option `provider` to what makes it from the module's options."""

# SPDX-License-Identifier: Apache-2.0
"""Routes of chat: the doors of the platforms, and identities."""

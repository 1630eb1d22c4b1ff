# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of what modules share whose changes a fresh connection has to confirm."""

from __future__ import annotations


class ModuleDocFragment:
    """How long a host waits for the confirmation, and of which change."""

    DOCUMENTATION = r"""
options:
  confirm_timeout:
    description: Seconds after which a change is taken back that was not confirmed, 5 to 3600.
    type: int
    default: 60
  change:
    description: Name of the trial, for O(state=confirmed).
    type: str
attributes:
  action:
    description: Confirms over a fresh connection.
    support: full
"""

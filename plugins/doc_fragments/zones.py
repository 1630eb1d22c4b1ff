# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the option with the members of the firewall's zones."""

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that fill zones share; each documents its default."""

    DOCUMENTATION = r"""
options:
  zones:
    description:
      - The mesh addresses of each zone, as P(quartermaster.fleet.firewall_members#filter) returns
        them.
      - A zone that a rule names is a named set of the table, so that
        M(quartermaster.fleet.firewall_members) can add a member without touching a rule.
    type: dict
"""

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the option that names a WireGuard interface."""

from __future__ import annotations


class ModuleDocFragment:
    """What the modules of one WireGuard interface share."""

    DOCUMENTATION = r"""
options:
  name:
    description: Name of the interface, 1 to 15 letters, digits, C(_), C(-) or C(.).
    type: str
    default: wg0
"""

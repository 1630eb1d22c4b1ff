# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the options of modules that only probe."""

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that probe other hosts share; each documents its default."""

    DOCUMENTATION = r"""
options:
  timeout:
    description: Seconds to wait for an answer, at least 1.
    type: int
attributes:
  check_mode:
    description: Probes in check mode as well.
    support: full
  diff_mode:
    description: Changes nothing, so there is nothing to show.
    support: none
"""

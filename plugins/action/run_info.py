# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List runs of the service without a process of their own."""

from __future__ import annotations

from ansible_collections.quartermaster.fleet.plugins.modules.run_info import RunInfo
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._controller.in_process import (
    InProcessAction,
)


class ActionModule(InProcessAction):
    """Runs the module within the process of its task, where that is on the controller."""

    module = "quartermaster.fleet.run_info"
    subject = RunInfo
    act = "read"

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List nodes of the inventory service without a process of their own."""

from __future__ import annotations

from ansible_collections.quartermaster.fleet.plugins.modules.node_info import NodeInfo
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._controller.in_process import (
    InProcessAction,
)


class ActionModule(InProcessAction):
    """Runs the module within the process of its task, where that is on the controller."""

    module = "quartermaster.fleet.node_info"
    subject = NodeInfo
    act = "read"

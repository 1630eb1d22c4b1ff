# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a known_hosts file without a process of its own."""

from __future__ import annotations

import importlib

from ansible_collections.quartermaster.fleet.plugins.modules.fleet_known_hosts import KnownHosts
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._controller.in_process import (
    InProcessAction,
)

FILTERS = (
    "common_refusals",
    "firewall_policy",
    "mesh_peers",
    "nodes_to_provision",
    "nodes_to_retire",
    "wireguard_refusals",
)
# Ansible loads an action plugin once, and then makes a process for each task and host. This one is
# the first of each playbook, so that the later processes find the filters loaded.
for name in FILTERS:
    importlib.import_module(f"ansible_collections.quartermaster.fleet.plugins.filter.{name}")


class ActionModule(InProcessAction):
    """Runs the module within the process of its task, where that is on the controller."""

    module = "quartermaster.fleet.fleet_known_hosts"
    subject = KnownHosts
    act = "present"

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Order a run of a playbook, and show what it does while Ansible waits for it."""

from __future__ import annotations

from ansible.utils.display import Display
from ansible_collections.quartermaster.fleet.plugins.modules.run import Run
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._controller.in_process import (
    InProcessAction,
)


class ShownRun(Run):
    """A run whose news Ansible prints."""

    def show(self, news: str) -> None:
        """Print a line."""
        Display().display(news)


class ActionModule(InProcessAction):
    """Runs the module within the process of its task, where that is on the controller."""

    module = "quartermaster.fleet.run"
    subject = ShownRun
    act = "reach"

# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that counts the tasks of each role on each host, and those that reach the host."""

from __future__ import annotations

import json
import os
import typing as t
from collections import defaultdict
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_counts
type: aggregate
short_description: Counts the tasks of each role on each host
description: Writes them as JSON to the file that TASK_COUNTS of the environment names.
options: {}
"""
#: What runs on the controller alone.
LOCAL = {
    *("assert", "debug", "fail", "set_fact", "meta", "include_tasks", "include_role", "pause"),
    *("validate_argument_spec", "add_host", "group_by", "include_vars", "set_stats"),
}
HERE = {"localhost", "127.0.0.1"}


class CallbackModule(CallbackBase):
    """Counts results by host and role: all, and those that came from a host; prints nothing."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_counts"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._roles: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(_zeros))

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Count a task that ran."""
        task = result.task
        is_local = task.action.rpartition(".")[2] in LOCAL or task.delegate_to in HERE
        self._add(result, reaches_host=not is_local)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """Count a task that was skipped, which costs the controller its part all the same."""
        self._add(result, reaches_host=False)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Write what Ansible and we have counted."""
        counts = {
            host: {
                **stats.summarize(host),
                "to_host": sum(reached for _, reached in self._roles[host].values()),
                "roles": self._roles[host],
            }
            for host in stats.processed
        }
        Path(os.environ["TASK_COUNTS"]).write_text(json.dumps(counts), encoding="utf-8")

    def _add(self, result: t.Any, *, reaches_host: bool) -> None:
        role = result.task._role
        name = role.get_name().rpartition(".")[2] if role else ""
        counts = self._roles[result.host.get_name()][name]
        counts[0] += 1
        counts[1] += reaches_host


def _zeros() -> list[int]:
    return [0, 0]

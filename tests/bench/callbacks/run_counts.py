# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what a run did on each host, and write it as JSON where QM_BENCH_COUNTS names a file."""

from __future__ import annotations

import json
import os
import typing as t
from collections import Counter
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: run_counts
type: aggregate
short_description: Counts tasks, and those that reached the host
description: Used by C(make bench); see C(docs/speed.md).
options: {}
"""
#: What runs on the controller. A result without its arguments (C(no_log)) does not show it.
ON_CONTROLLER = {"assert", "debug", "fail", "include_vars", "set_fact", "validate_argument_spec"}


def reached_host(task: t.Any, result: t.Mapping[str, t.Any]) -> bool:
    """Return whether a task ran a module on its own host: then the result has its arguments."""
    if task.delegate_to:
        return False
    may_be_hidden = task.action.rpartition(".")[2] not in ON_CONTROLLER
    items = result.get("results")
    return any(
        "invocation" in item or ("censored" in item and may_be_hidden)
        for item in (items if isinstance(items, list) else [result])
    )


class CallbackModule(CallbackBase):
    """Counts; prints nothing."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "run_counts"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._to_host: Counter[str] = Counter()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Count a task that ended well."""
        if reached_host(result.task, result.result):
            self._to_host[result.host.get_name()] += 1

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Write what Ansible and we have counted."""
        counts = {
            host: {**stats.summarize(host), "to_host": self._to_host[host]}
            for host in stats.processed
        }
        Path(os.environ["QM_BENCH_COUNTS"]).write_text(json.dumps(counts), encoding="utf-8")

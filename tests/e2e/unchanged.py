# SPDX-License-Identifier: Apache-2.0
"""What a run that changes nothing costs a host: the tasks of each role, and those that reach it."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.e2e.fleet import Run

ON_CONTROLLER = {"assert", "debug", "include_tasks", "validate_argument_spec", "fail", "set_fact"}


def count_tasks(run: Run, nodes: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """Return by role how many tasks a run with the callback `json` began, and how many reached it.

    They are those of the host that carries least: others do besides what is done once for all.
    """
    plays = json.loads(run.output[run.output.index("{") :])["plays"]
    tasks = [task for play in plays for task in play["tasks"]]
    host = min(nodes, key=lambda name: sum(name in task["hosts"] for task in tasks))
    begun: Counter[str] = Counter()
    reaching: Counter[str] = Counter()
    for task in tasks:
        role, is_of_role, _ = task["task"]["name"].partition(" : ")
        if host in task["hosts"]:
            result = task["hosts"][host]
            assert not result["changed"], (task["task"]["name"], result)
            begun[role if is_of_role else ""] += 1
            reaching[role if is_of_role else ""] += _reaches_host(result)
    return begun, reaching


def _reaches_host(result: dict[str, Any]) -> bool:
    is_skipped = result.get("skipped") or result["action"].split(".")[-1] in ON_CONTROLLER
    return not is_skipped and "_ansible_delegated_vars" not in result

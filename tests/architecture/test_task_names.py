# SPDX-License-Identifier: Apache-2.0
"""Task names are plain English: what changes names a state, what reads begins with a verb."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [
        *ROOT.glob("playbooks/*.yml"),
        *ROOT.glob("roles/*/tasks/*.yml"),
        *ROOT.glob("roles/*/handlers/*.yml"),
    ]
)
#: Words for which there is a precise one.
VAGUE = re.compile(
    r"\b(things?|tell|told|meant|stated|stands?|as asked|(is|are) known|(is|are) said|on record"
    r"|is there|are there|as (it|they) should)\b",
    re.IGNORECASE,
)
#: With which a task begins that only reads or reports.
VERBS = {
    *("Ask", "Check", "Compare", "Connect", "Detect", "Find", "Gather", "Keep", "Ping", "Probe"),
    *("Read", "Refresh", "Report", "Resolve", "Show", "Test", "Verify", "Wait"),
}
#: Modules that change nothing, but for `assert`, whose name is what it asserts.
READING = re.compile(
    r"^(ansible\.builtin\.(slurp|stat|getent|setup|debug|wait_for_connection|wait_for|ping)"
    r"|quartermaster\.fleet\.\w+_info)$"
)
Task = dict[str, Any]


def iter_tasks(entries: Any) -> Iterator[Task]:
    """Yield plays, tasks and handlers, those within blocks too."""
    for entry in entries or []:
        yield entry
        for key in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from iter_tasks(entry.get(key))


def find_faults(task: Task) -> list[str]:
    """Return what is wrong with the name of a task."""
    name = task.get("name") or ""
    faults = []
    if not re.match(
        r"[A-Z]", name.removeprefix("quartermaster.fleet.")
    ) and "import_playbook" not in str(task):
        faults.append("begins with no capital letter")
    if VAGUE.search(name):
        faults.append(f"says '{VAGUE.search(name)[0]}'")  # type: ignore[index] # searched before
    if "{{" in name and not name.endswith("}}"):
        faults.append("has a variable before its end")
    if _reads(task) and name.split(" ")[0] not in VERBS:
        faults.append("reads, and begins with no verb of the list")
    return faults


def _reads(task: Task) -> bool:
    """Return whether a task only reads; one that fails by a condition of its own asserts it."""
    if "failed_when" in task:
        return False
    is_command = any(key.endswith((".command", ".shell")) for key in task)
    return any(READING.match(key) for key in task) or (
        is_command and task.get("changed_when") is False
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_of_plays_tasks_and_handlers(path: Path) -> None:
    tasks = iter_tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
    found = {task.get("name"): find_faults(task) for task in tasks}
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(
    "task",
    [
        {"name": "the host is set", "ansible.builtin.hostname": {}},
        {"name": "It is known what runs", "ansible.builtin.setup": {}},
        {"name": "Accounts are as asked", "ansible.builtin.user": {}},
        {"name": "{{ role }} is installed", "ansible.builtin.apt": {}},
        {"name": "The kernel modules", "ansible.builtin.slurp": {}},
        {"name": "Sshd is asked", "ansible.builtin.command": "x", "changed_when": False},
    ],
)
def test_a_name_that_says_too_little_is_found(task: Task) -> None:
    assert find_faults(task)

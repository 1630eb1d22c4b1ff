# SPDX-License-Identifier: Apache-2.0
"""Task names are plain English: what changes names a state, what reads begins with a verb."""

import re
from collections import Counter
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
        *ROOT.glob("extensions/molecule/**/*.yml"),
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
#: Modules that change a host or the inventory service, unless check mode is forced.
CHANGING = re.compile(
    r"^(ansible\.builtin\.(apt|command|copy|file|group|hostname|lineinfile|shell|systemd\w*|template"
    r"|user)|ansible\.posix\.\w+|quartermaster\.fleet\.(?!\w+_(info|probe)$)\w+)$"
)
#: Lists of tasks of their own; those within a block belong to the list around it.
LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers")
BLOCKS = ("block", "rescue", "always")
Task = dict[str, Any]


def read_tasks(path: Path) -> list[Task]:
    """Return the plays or tasks of a file; none if it is another file, such as variables."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content if isinstance(content, list) else []


def iter_tasks(entries: Any) -> Iterator[Task]:
    """Yield plays, tasks and handlers, those within blocks too."""
    for entry in entries or []:
        yield entry
        for key in (*LISTS, *BLOCKS):
            yield from iter_tasks(entry.get(key))


def find_duplicates(entries: list[Task]) -> list[str]:
    """Return the names that two plays, or two tasks of one play or task file, have."""
    flat = list(_iter_list(entries))
    names = Counter(entry["name"] for entry in flat if "name" in entry)
    inner = [entry[key] for entry in flat for key in LISTS if key in entry]
    return [
        *(name for name, count in names.items() if count > 1),
        *(name for tasks in inner for name in find_duplicates(tasks)),
    ]


def _iter_list(entries: list[Task]) -> Iterator[Task]:
    for entry in entries:
        yield entry
        for key in BLOCKS:
            yield from _iter_list(entry.get(key, []))


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
    if _changes(task) and name.split(" ")[0] in VERBS:
        faults.append("changes, and begins with a verb that reads")
    return faults


def _reads(task: Task) -> bool:
    """Return whether a task only reads; one that fails by a condition of its own asserts it."""
    if "failed_when" in task:
        return False
    is_command = any(key.endswith((".command", ".shell")) for key in task)
    return any(READING.match(key) for key in task) or (
        is_command and task.get("changed_when") is False
    )


def _changes(task: Task) -> bool:
    """Return whether a task changes something where it runs."""
    if task.get("check_mode") is True or task.get("changed_when") is False:
        return False
    return any(CHANGING.match(key) for key in task)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_of_plays_tasks_and_handlers(path: Path) -> None:
    found = {task.get("name"): find_faults(task) for task in iter_tasks(read_tasks(path))}
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_two_tasks_of_a_list_have_the_same_name(path: Path) -> None:
    assert find_duplicates(read_tasks(path)) == []


@pytest.mark.parametrize(
    "task",
    [
        {"name": "the host is set", "ansible.builtin.hostname": {}},
        {"name": "It is known what runs", "ansible.builtin.setup": {}},
        {"name": "Accounts are as asked", "ansible.builtin.user": {}},
        {"name": "{{ role }} is installed", "ansible.builtin.apt": {}},
        {"name": "The kernel modules", "ansible.builtin.slurp": {}},
        {"name": "Sshd is asked", "ansible.builtin.command": "x", "changed_when": False},
        {"name": "Check the accounts", "ansible.builtin.user": {}},
        {"name": "Read the private key", "quartermaster.fleet.wireguard_key": {}},
    ],
)
def test_a_name_that_says_too_little_is_found(task: Task) -> None:
    assert find_faults(task)


def test_a_name_that_a_task_and_one_in_a_block_share_is_found() -> None:
    task = {"name": "The host is ready"}
    assert find_duplicates([{"name": "Play", "tasks": [task, {"block": [task]}]}]) == [task["name"]]


def test_two_plays_may_have_tasks_of_the_same_name() -> None:
    tasks = [{"name": "The host is ready"}]
    assert find_duplicates([{"name": "a", "tasks": tasks}, {"name": "b", "tasks": tasks}]) == []

# SPDX-License-Identifier: Apache-2.0
"""What runs on the controller never becomes another user, with `-b` neither."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.test_task_names import BLOCKS, FILES, LISTS, ROOT, read_tasks

CONTROLLER = ("localhost", "127.0.0.1")
SHIPPED = [path for path in FILES if path.relative_to(ROOT).parts[0] in {"playbooks", "roles"}]
Task = dict[str, Any]


def find_privileged(entries: list[Task], *, inherited: Task | None = None) -> Iterator[str]:
    """Yield the names of plays and tasks that `-b` would have run by sudo on the controller."""
    for entry in entries:
        # A play, block or task has the keywords of those around it, as Ansible resolves them.
        keywords = {**(inherited or {}), **entry}
        where = keywords.get("delegate_to", keywords.get("hosts"))
        lists = [entry[key] for key in (*BLOCKS, *LISTS) if key in entry]
        if where in CONTROLLER and keywords.get("become") is not False:
            yield str(entry.get("name"))
        for tasks in lists:
            kept: Task = {
                key: keywords[key] for key in ("become", "delegate_to", "hosts") if key in keywords
            }
            yield from find_privileged(tasks, inherited=kept)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_runs_on_the_controller_becomes_nobody(path: Path) -> None:
    assert list(find_privileged(read_tasks(path))) == []


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([{"name": "a", "hosts": "localhost"}], ["a"]),
        ([{"name": "a", "hosts": "localhost", "become": False, "tasks": [{"name": "b"}]}], []),
        ([{"name": "a", "hosts": "web", "tasks": [{"name": "b"}]}], []),
        (
            [{"name": "a", "hosts": "web", "tasks": [{"name": "b", "delegate_to": "localhost"}]}],
            ["b"],
        ),
        ([{"name": "a", "delegate_to": "localhost", "become": True}], ["a"]),
        (
            [{"name": "a", "become": False, "block": [{"name": "b", "delegate_to": "localhost"}]}],
            [],
        ),
        (
            [{"name": "a", "block": [], "rescue": [{"name": "b", "delegate_to": "localhost"}]}],
            ["b"],
        ),
    ],
)
def test_a_task_that_would_become_root_on_the_controller_is_found(
    entries: list[Task], found: list[str]
) -> None:
    assert list(find_privileged(entries)) == found

# SPDX-License-Identifier: Apache-2.0
"""`qm project` against a real service."""

from collections.abc import Callable
from typing import Any

from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]


def test_a_project_is_added_changed_and_retired(ask: Ask) -> None:
    ask("project", "add", "shop", "--owner", "sales", "--description", "The shop")
    ask("project", "set", "shop", "--owner", "", "--description", "-x = [1]")
    found = ask("project", "show", "shop")
    assert [found["owner"], found["description"]] == [None, "-x = [1]"]
    assert ask("project", "retire", "shop", "--reason", "closed", "--yes")["retired_at"]
    assert [project["project"] for project in ask("project", "list")] == ["shop"]


def test_a_text_of_two_lines_is_refused_and_named(qm: Qm) -> None:
    result = qm("project", "add", "shop", "--description", "two\nlines")
    assert result.exit_code == 1
    assert "description" in result.stderr

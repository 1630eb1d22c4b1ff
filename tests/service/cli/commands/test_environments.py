# SPDX-License-Identifier: Apache-2.0
"""`qm environment` against a real service."""

from collections.abc import Callable
from typing import Any

from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]


def test_an_environment_is_added_changed_and_retired(ask: Ask) -> None:
    ask("environment", "add", "load", "--owner", "sales", "--description", "Under load")
    ask("environment", "set", "load", "--owner", "")
    found = ask("environment", "show", "load")
    assert [found["owner"], found["description"]] == [None, "Under load"]
    assert ask("environment", "retire", "load", "--reason", "done", "--yes")["retired_at"]
    names = [one["environment"] for one in ask("environment", "list")]
    assert names == ["load", "prod", "staging", "test", "uat"]


def test_a_node_in_an_unknown_one_is_told_how_to_make_it(qm: Qm, mesh: str) -> None:
    words = ("node", "add", "web-1", "--type", "web", "--cluster", mesh)
    result = qm(*words, "--environment", "prdo")
    assert result.exit_code == 1
    assert "`qm environment add` makes one" in result.stderr

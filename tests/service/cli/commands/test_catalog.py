# SPDX-License-Identifier: Apache-2.0
"""What clusters, projects, environments and services have in common on the command line."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]

#: Each noun, and what its entry needs beside its name.
NEEDS = {
    "cluster": ["--mesh-prefix", "10.90.0.0/24"],
    "project": [],
    "environment": [],
    "service": ["--project", "shop", "--environment", "prod"],
}
pytestmark = pytest.mark.parametrize("noun", NEEDS)


@pytest.fixture(autouse=True)
def added(qm: Qm, ask: Ask, noun: str) -> Result:
    """Return what was printed when the one entry was registered."""
    if noun == "service":
        ask("project", "add", "shop")
    return qm(noun, "add", "first", *NEEDS[noun], "--reason", "new")


def test_an_entry_is_shown_as_it_is_listed(ask: Ask, noun: str) -> None:
    assert ask(noun, "show", "first") in ask(noun, "list")


def test_each_step_is_confirmed(qm: Qm, added: Result, noun: str) -> None:
    field = ["--region", "eu"] if noun == "cluster" else ["--description", "Another"]
    changed = qm(noun, "set", "first", *field)
    retired = qm(noun, "retire", "first", "--reason", "done", "--yes")
    lines = [result.stdout.splitlines()[0] for result in (added, changed, retired)]
    name = f"{noun.capitalize()} first is"
    assert lines == [f"{name} registered.", f"{name} changed.", f"{name} retired."]


def test_nothing_to_change_is_wrong_usage(qm: Qm, noun: str) -> None:
    for words in ([], ["--reason", "none"]):
        result = qm(noun, "set", "first", *words)
        assert (result.exit_code, f"qm {noun} set --help" in result.stderr) == (2, True)


def test_a_retirement_needs_its_reason(qm: Qm, noun: str) -> None:
    result = qm(noun, "retire", "first")
    assert (result.exit_code, "--reason" in result.stderr) == (2, True)


def test_an_unknown_name_leads_to_the_list(qm: Qm, noun: str) -> None:
    result = qm(noun, "show", "absent")
    assert result.exit_code == 4
    assert f"{noun} absent" in result.stderr

# SPDX-License-Identifier: Apache-2.0
"""A failure is text with a next step for people, and one JSON object for programs."""

import json

import click
import pytest

from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.invocation import Invocation


def show(failure: Failure, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a failure prints, all of which goes to standard error."""
    failure.show()
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_a_person_reads_reason_and_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    failure = Failure("it broke", next_step="mend it")
    assert show(failure, capsys) == "Error: it broke\nNext: mend it\n"
    assert show(Failure("it broke"), capsys) == "Error: it broke\n"


def test_a_message_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    failure = Failure("node \x1b[2J", next_step="see \u202e")
    assert show(failure, capsys) == "Error: node \\u001b[2J\nNext: see \\u202e\n"


def test_a_program_reads_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    with click.Context(click.Command("qm"), obj=Invocation(as_json=True)):
        failure = Failure("it broke", Exit.CONFLICT, next_step="mend it", problem={"status": 409})
    # click prints it when the command and its context are gone.
    assert json.loads(show(failure, capsys)) == {
        "error": "it broke",
        "exit_code": 5,
        "next_step": "mend it",
        "problem": {"status": 409},
    }


def test_without_a_code_a_failure_ends_with_1() -> None:
    assert Failure("it broke").exit_code == Exit.FAILED == 1

# SPDX-License-Identifier: Apache-2.0
"""Each error of the client ends a command with its code, and fields have the names of options."""

import click
import pytest
from click.testing import CliRunner

from inventory_service.cli.client.errors import Exit
from inventory_service.cli.client.failures import failure_of
from inventory_service.cli.client.invocation import Invocation, pass_invocation
from inventory_service.client import (
    ClientError,
    InvalidConnection,
    InvalidName,
    RunUnsuccessful,
    ServiceUnreachable,
    Target,
)
from inventory_service.client.errors import Refusal, Refused

FIELDS = [{"field": "region", "reason": "is no label"}, {"field": "spec", "reason": "unknown"}]


def refuse(status: int) -> Refused:
    problem = {"status": status, "detail": "The very reason", "errors": FIELDS}
    target = Target("node", "web-1")
    return Refusal(status, "No", problem, target, "http://a", has_token=True).to_error()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Exit.FAILED),
        (401, Exit.NOT_ALLOWED),
        (403, Exit.NOT_ALLOWED),
        (404, Exit.NOT_FOUND),
        (409, Exit.CONFLICT),
        (412, Exit.CONFLICT),
        (413, Exit.FAILED),
        (422, Exit.FAILED),
        (429, Exit.FAILED),
        (500, Exit.FAILED),
        (503, Exit.FAILED),
    ],
)
def test_each_refusal_has_its_code_and_keeps_the_problem_document(status: int, code: Exit) -> None:
    failure = failure_of(refuse(status))
    assert failure.exit_code == code
    assert failure.message.startswith(f"node web-1: The very reason ({status} from http://a)")
    assert failure.problem == refuse(status).problem


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidConnection("it broke", next_step="mend it"), Exit.USAGE),
        (InvalidName("it broke", next_step="mend it"), Exit.NOT_FOUND),
        (ServiceUnreachable("it broke", next_step="mend it"), Exit.UNREACHABLE),
        (RunUnsuccessful({}, "it broke", next_step="mend it"), Exit.FAILED),
        (ClientError("it broke", next_step="mend it"), Exit.FAILED),
    ],
)
def test_what_comes_before_an_answer_has_its_code_and_step(error: ClientError, code: Exit) -> None:
    failure = failure_of(error)
    told = (failure.exit_code, failure.message, failure.next_step, failure.problem)
    assert told == (code, "it broke", "mend it", None)


def test_a_field_is_named_by_the_option_of_the_command_that_runs() -> None:
    @click.command()
    @click.option("--area", "region")
    @pass_invocation
    def add(invocation: Invocation, /, region: str | None) -> None:
        """Stand for a command whose request is refused."""
        del invocation, region
        raise refuse(422)

    result = CliRunner().invoke(add, [])
    assert result.exit_code == Exit.FAILED
    assert "\n  --area: is no label\n  spec: unknown\n" in result.stderr

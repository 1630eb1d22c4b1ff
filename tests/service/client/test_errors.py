# SPDX-License-Identifier: Apache-2.0
"""A refusal names what it is about, why, and what to do next."""

from typing import Any

import pytest

from inventory_service.client import Refused, Target
from inventory_service.client.errors import Refusal, describe_more_errors, field_errors_of


def refuse(status: int, **problem: Any) -> Refusal:
    return Refusal(status, "No", problem, Target("node", "web-1"), "http://a", has_token=True)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target("node", "web-1"), "node web-1"),
        (Target("node"), "nodes"),
        (Target("audit"), "audits"),
    ],
)
def test_a_target_is_named_in_words(target: Target, words: str) -> None:
    assert str(target) == words


def test_fields_have_the_names_that_the_caller_gives_them() -> None:
    errors = [{"field": "region", "reason": "is no label"}, "nonsense", {}]
    told = refuse(422, title="Bad input", errors=errors, more_errors=7).describe(str.upper)
    assert told.splitlines() == [
        "node web-1: Bad input (422 from http://a)",
        "  REGION: is no label",
        "  ?: ",
        "… and 7 more",
    ]


@pytest.mark.parametrize("status", [401, 403, 404, 409, 412, 422, 429, 500, 503])
def test_a_refusal_without_detail_has_a_next_step(status: int) -> None:
    assert refuse(status).next_step
    assert bool(refuse(status, detail="Do this.").next_step) == (status == 401)


def test_an_error_of_a_status_that_nobody_knows_is_a_refusal() -> None:
    assert type(refuse(418).to_error()) is Refused


@pytest.mark.parametrize("problem", [{}, {"errors": 3}, {"errors": None, "more_errors": "x"}])
def test_what_is_no_list_of_field_errors_is_none(problem: dict[str, Any]) -> None:
    assert field_errors_of(problem) == []
    assert describe_more_errors(problem) == []

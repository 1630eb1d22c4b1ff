# SPDX-License-Identifier: Apache-2.0
"""An order says what its caller may choose, and is refused by name for anything else."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from inventory_service.runs.domain.orders import (
    MOST_LIMIT_CHARACTERS,
    CancellationRequest,
    RelaunchHosts,
    RelaunchOrder,
    RunOrder,
)

ANSWERS = {
    "text": "{{ lookup('pipe', 'id') }}",
    "count": 3,
    "is_on": True,
    "list": ["{% x %}", None],
}


def test_an_order_needs_only_its_template() -> None:
    order = RunOrder(template="site")
    assert order.model_dump() == {
        "template": "site",
        "limit": "",
        "tags": [],
        "skip_tags": [],
        "check": False,
        "diff": False,
        "plan": False,
        "slices": None,
        "force_slices": False,
        "answers": {},
        "reason": None,
    }


def test_answers_are_kept_as_they_were_given() -> None:
    assert RunOrder(template="site", answers=ANSWERS).answers == ANSWERS


@pytest.mark.parametrize(
    "fields",
    [
        {"limit": "a" * MOST_LIMIT_CHARACTERS},
        {"tags": ["a"] * 50, "skip_tags": ["b"] * 50},
        {"answers": {f"x{number}": 1 for number in range(200)}},
        {"reason": "r" * 1000},
    ],
)
def test_fields_of_an_order_may_have_their_outermost_values(fields: dict[str, Any]) -> None:
    assert RunOrder(template="site", **fields).model_fields_set == {"template", *fields}


@pytest.mark.parametrize(
    ("model", "fields", "at"),
    [
        (RunOrder, {}, ("template",)),
        (RunOrder, {"template": "-i"}, ("template",)),
        (RunOrder, {"template": "list"}, ("template",)),
        (RunOrder, {"template": "../site"}, ("template",)),
        (RunOrder, {"template": "a", "limit": ["web-1"]}, ("limit",)),
        (RunOrder, {"template": "a", "limit": None}, ("limit",)),
        (RunOrder, {"template": "a", "limit": "a" * (MOST_LIMIT_CHARACTERS + 1)}, ("limit",)),
        (RunOrder, {"template": "a", "tags": ["--tags"]}, ("tags", 0)),
        (RunOrder, {"template": "a", "tags": "a"}, ("tags",)),
        (RunOrder, {"template": "a", "tags": ["a"] * 51}, ("tags",)),
        (RunOrder, {"template": "a", "skip_tags": ["a", "-b"]}, ("skip_tags", 1)),
        (RunOrder, {"template": "a", "skip_tags": ["a"] * 51}, ("skip_tags",)),
        (RunOrder, {"template": "a", "check": "perhaps"}, ("check",)),
        (RunOrder, {"template": "a", "diff": None}, ("diff",)),
        (RunOrder, {"template": "a", "answers": [1]}, ("answers",)),
        (RunOrder, {"template": "a", "answers": {f"x{n}": 1 for n in range(201)}}, ("answers",)),
        (RunOrder, {"template": "a", "reason": "two\nlines"}, ("reason",)),
        (RunOrder, {"template": "a", "reason": "r" * 1001}, ("reason",)),
        (RunOrder, {"template": "a", "extra_vars": {"a": 1}}, ("extra_vars",)),
        (RunOrder, {"template": "a", "playbook": "x.yml"}, ("playbook",)),
        (RunOrder, {"template": "a", "forks": 5}, ("forks",)),
        (RelaunchOrder, {"hosts": "good"}, ("hosts",)),
        (RelaunchOrder, {"limit": "a"}, ("limit",)),
        (RelaunchOrder, {"reason": "\x1b"}, ("reason",)),
        (CancellationRequest, {"reason": "a\x00"}, ("reason",)),
        (CancellationRequest, {"force": True}, ("force",)),
    ],
)
def test_a_bad_field_of_an_order_is_refused_by_its_place(
    model: type[BaseModel], fields: dict[str, Any], at: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(fields)
    assert [error["loc"] for error in refused.value.errors()] == [at]


def test_a_relaunch_takes_all_hosts_unless_it_asks_for_those_that_failed() -> None:
    assert RelaunchOrder().hosts is RelaunchHosts.ALL
    assert RelaunchOrder.model_validate({"hosts": "failed"}).hosts is RelaunchHosts.FAILED
    assert CancellationRequest().reason is None

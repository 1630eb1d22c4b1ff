# SPDX-License-Identifier: Apache-2.0
"""Of a request only what is declared becomes part of an order."""

from typing import Any

import pytest

from inventory_service.core.errors import BadInput
from inventory_service.webhooks.domain.mapping import find_unmet, map_values
from inventory_service.webhooks.domain.webhooks import Condition, ValueRule

BODY: dict[str, Any] = {
    "ref": "refs/tags/v1.2",
    "action": "released",
    "count": 1,
    "is_draft": False,
    "empty": None,
    "hosts": ["web-1", "web-2"],
    "limit": "all",
}
#: Pointer, what it may be, why a request is ignored.
CONDITIONS: list[tuple[str, list[Any], str | None]] = [
    ("/action", ["released"], None),
    ("/action", ["edited", "released"], None),
    ("/action", ["edited"], "/action is 'released'"),
    ("/count", [1], None),
    ("/count", [True], "/count is 1"),
    ("/is_draft", [False], None),
    ("/is_draft", [0], "/is_draft is False"),
    ("/empty", [None], None),
    ("/nothing", [None], "/nothing is not there"),
    ("/hosts", ["web-1"], "/hosts is a list"),
]


@pytest.mark.parametrize(("pointer", "one_of", "reason"), CONDITIONS)
def test_a_request_is_ignored_for_a_reason(
    pointer: str, one_of: list[Any], reason: str | None
) -> None:
    assert find_unmet([Condition(pointer=pointer, one_of=one_of)], BODY) == reason


def test_all_conditions_must_be_met() -> None:
    met = Condition(pointer="/action", one_of=["released"])
    unmet = Condition(pointer="/count", one_of=[2])
    assert find_unmet([], BODY) is None
    assert find_unmet([met, met], BODY) is None
    assert find_unmet([met, unmet], BODY) == "/count is 1"


def test_a_long_value_is_cut_in_the_reason() -> None:
    reason = find_unmet([Condition(pointer="/x", one_of=["a"])], {"x": "b" * 9999})
    assert reason is not None
    assert len(reason) < 100


def test_only_what_is_declared_is_taken() -> None:
    rules = [
        ValueRule(field="answers.version", pointer="/ref", remove_prefix="refs/tags/"),
        ValueRule(field="answers.count", pointer="/count", remove_prefix="1"),
        ValueRule(field="tags", pointer="/hosts"),
        ValueRule(field="limit", pointer="/nothing", is_required=False),
        ValueRule(field="answers.empty", pointer="/empty", is_required=False),
    ]
    mapped = map_values(rules, BODY)
    assert mapped.fields == {"tags": ["web-1", "web-2"]}
    assert mapped.answers == {"version": "v1.2", "count": 1}
    assert map_values([], BODY).fields == {}


def test_another_prefix_stays() -> None:
    rule = ValueRule(field="answers.version", pointer="/ref", remove_prefix="refs/heads/")
    assert map_values([rule], BODY).answers == {"version": "refs/tags/v1.2"}


@pytest.mark.parametrize("pointer", ["/nothing", "/empty", "/ref/0"])
def test_a_value_that_is_required_is_named(pointer: str) -> None:
    with pytest.raises(BadInput, match=f"limit is required, and {pointer} is empty"):
        map_values([ValueRule(field="limit", pointer=pointer)], BODY)

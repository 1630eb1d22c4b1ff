# SPDX-License-Identifier: Apache-2.0
"""Filters take what a fleet can hold, and hand the use cases filters only."""

import pytest
from pydantic import ValidationError

from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.queries import FILTERS
from inventory_service.fleet.routes.filters import FilterQuery, to_filters


class Page(FilterQuery):
    """A query that has more than filters."""

    limit: int = 10


def test_each_filter_is_one_that_the_queries_know() -> None:
    filters = to_filters(Page(project=["shop", "blog"], state=["any"], limit=5))
    assert filters.keys() == FILTERS.keys()
    assert filters["project"] == ["shop", "blog"]
    assert filters["region"] == []


@pytest.mark.parametrize("state", [*NodeState, "any"])
def test_each_state_can_be_asked_for(state: str) -> None:
    assert FilterQuery.model_validate({"state": [state]}).state == [state]


@pytest.mark.parametrize(
    "query",
    [
        {"state": ["dead"]},
        {"project": ["Not A Label"]},
        {"cluster": [f"c-{number}" for number in range(101)]},
    ],
    ids=["no state", "no label", "too many"],
)
def test_others_are_refused(query: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError):
        FilterQuery.model_validate(query)

# SPDX-License-Identifier: Apache-2.0
"""The route of the merged inventory: which bodies and filters it takes, and for whom."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from inventory_service.settings import Settings
from tests.service.conftest import Caller

PATH = "/api/v1/inventory"
EMPTY = json.dumps({"nodes": {"sensitive": False, "value": []}})


def test_the_filters_are_those_of_the_inventory(viewer: Caller) -> None:
    nodes = [{"node_id": f"{kind}-1", "node_type": kind} for kind in ("web", "db")]
    content = json.dumps({"nodes": {"sensitive": False, "value": nodes}})
    merged = viewer.post(f"{PATH}?node_type=db", {"terraform": content}, status=200)
    assert [row[0] for row in merged["rows"]] == ["db-1"]
    assert merged.keys() >= {"version", "revision", "columns", "groups", "conflicts", "left_out"}
    viewer.post(f"{PATH}?colour=red", {"terraform": content}, status=422)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "terraform"),
        ({"terraform": EMPTY, "apply": True}, "apply"),
        ({"terraform": 1}, "terraform"),
    ],
)
def test_a_body_that_is_invalid_is_refused_by_its_field(
    viewer: Caller, body: dict[str, Any], field: str
) -> None:
    problem = viewer.post(PATH, body, status=422)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_strangers_merge_only_where_they_may_read(
    stranger: Caller, settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    stranger.post(PATH, {"terraform": EMPTY}, status=401)
    open_app = make_app(settings.model_copy(update={"anonymous_read": True}))
    Caller(open_app.test_client(), None).post(PATH, {"terraform": EMPTY}, status=200)

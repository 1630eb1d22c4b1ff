# SPDX-License-Identifier: Apache-2.0
"""The parameters of requests: what flask-openapi3 asks for at each one is there already."""

from typing import Literal

import pytest
from flask import Flask
from pydantic import Field

from inventory_service.http.query_params import Query
from tests.service.conftest import Caller


class Wide(Query):
    """A query with a list, as filters have."""

    names: list[str] = Field(default_factory=list)


class Narrow(Wide):
    """The same with one more."""

    form: Literal["a", "b"] = "a"


def test_the_schema_of_a_query_is_made_once_for_each_kind() -> None:
    assert Wide.model_json_schema() is Wide.model_json_schema()
    assert set(Wide.model_json_schema()["properties"]) == {"names"}
    assert set(Narrow.model_json_schema()["properties"]) == {"names", "form"}


def test_a_schema_for_the_documentation_is_made_as_it_is_asked_for() -> None:
    shown = Narrow.model_json_schema(ref_template="#/x/{model}", mode="serialization")
    assert shown is not Narrow.model_json_schema()
    shown.clear()
    assert Narrow.model_json_schema(mode="serialization")["title"] == "Narrow"


def test_a_list_may_be_repeated_at_each_request(viewer: Caller) -> None:
    for _ in range(2):
        viewer.get("/api/v1/inventory?state=active&state=failed")
        viewer.get("/api/v1/inventory?state=active&stat=failed", status=422)


@pytest.mark.parametrize(
    "path",
    [
        "/api/inventory",
        "/api/v1/status",
        "/api/v1/nodes/absent",
        "/metrics",
    ],
)
def test_a_parameter_of_a_route_without_any_is_refused_by_name(viewer: Caller, path: str) -> None:
    """The whole fleet instead of one environment would be worse than an error."""
    answer = viewer.get(f"{path}?environment=prod&format=x", status=422)
    assert {one["field"] for one in answer["errors"]} == {"environment", "format"}
    assert path in answer["detail"]


def test_a_request_that_changes_something_is_refused_with_a_parameter(operator: Caller) -> None:
    body = {"project": "shop"}
    operator.post("/api/v1/projects?dry_run=true", body, status=422)
    assert operator.get("/api/v1/projects")["items"] == []


def test_a_health_check_takes_what_a_load_balancer_adds(viewer: Caller) -> None:
    viewer.get("/health/live?probe=1")


def test_a_stranger_is_not_told_of_parameters(app: Flask) -> None:
    assert app.test_client().get("/api/inventory?x=1").status_code == 401

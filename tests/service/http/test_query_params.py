# SPDX-License-Identifier: Apache-2.0
"""The parameters of requests: what flask-openapi3 asks for at each one is there already."""

from typing import Literal

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

# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document is valid, whole, and keeps its promises under a storm of inputs."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from inventory_service.app import create_app
from inventory_service.core.actors import Scope
from inventory_service.http.dependencies import EXTENSION
from inventory_service.settings import Settings
from tests.conftest import IS_SOAK
from tests.service import postgres
from tests.service.conftest import Caller, make_caller, make_node


def test_the_document_is_valid_openapi(stranger: Caller) -> None:
    document = stranger.get("/api/v1/openapi.json")
    assert document["openapi"].startswith("3.1")
    validate(document, cls=OpenAPIV31SpecValidator)


def test_each_route_of_the_api_stands_in_the_document(app: Flask, stranger: Caller) -> None:
    documented = set(stranger.get("/api/v1/openapi.json")["paths"])
    routes = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if hasattr(app.view_functions[rule.endpoint], "required_role")
    }
    assert routes - {"/", "/api/v1/", "/api/v1/docs", "/metrics"} == documented


#: What each of some operations answers when it fails.
ERRORS = [
    ("get", "/health/live", {500}),
    ("get", "/health/ready", {500, 503}),
    ("get", "/api/v1/status", {401, 403, 422, 429, 500, 503}),
    ("get", "/api/v1/changes", {401, 403, 410, 422, 429, 500, 503}),
    ("get", "/api/v1/tokens", {401, 403, 422, 429, 500, 503}),
    ("get", "/api/v1/nodes/{node_id}", {401, 403, 404, 422, 429, 500, 503}),
    ("post", "/api/v1/nodes", {400, 401, 403, 409, 413, 415, 422, 429, 500, 503}),
    (
        "patch",
        "/api/v1/nodes/{node_id}",
        {400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503},
    ),
]


@pytest.mark.parametrize(("method", "path", "statuses"), ERRORS)
def test_an_operation_lists_the_errors_that_it_can_give_and_no_others(
    stranger: Caller, method: str, path: str, statuses: set[int]
) -> None:
    operation = stranger.get("/api/v1/openapi.json")["paths"][path][method]
    assert {int(status) for status in operation["responses"] if status >= "400"} == statuses


def test_an_answer_whose_status_is_not_listed_fails_the_test_that_asked(
    app: Flask, viewer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this guard of the fixtures the lists could be too short."""
    paths = app.api_doc["paths"]  # type: ignore[attr-defined] # flask-openapi3's
    monkeypatch.delitem(paths["/api/v1/nodes/{node_id}"]["get"]["responses"], "404")
    viewer.get("/api/v1/nodes/nobody", status=500)


@pytest.mark.parametrize("path", ["/", "/api/v1/", "/api/v1/docs"])
def test_the_page_needs_nothing_from_elsewhere(stranger: Caller, path: str) -> None:
    answer = stranger.call("GET", path, status=302)
    page = stranger.call("GET", answer.headers["Location"], status=200).get_data(as_text=True)
    assert "swagger-ui" in page
    assert "https://" not in page.replace("https://json-schema.org", "")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def storm(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Caller]]:
    """A fleet with one of each kind, its schema, and somebody who may do everything."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("storm") / "fleet.sqlite"
        path.write_bytes(request.getfixturevalue("template").read_bytes())
        url = f"sqlite:///{path}"
    else:
        server = request.getfixturevalue("server")
        url = server.create(f"storm_{uuid.uuid4().hex}", template=postgres.TEMPLATE)
    app = create_app(Settings(database_url=url, limit_total_per_min=0, limit_account_per_min=0))
    admin = make_caller(app, Scope.ADMIN)
    admin.post("/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/16"})
    admin.post("/api/v1/projects", {"project": "shop"})
    admin.post("/api/v1/services", {"service": "api", "project": "shop", "environment": "prod"})
    make_node(admin, "web-1", state="active", internal_ip="10.0.0.1", project="shop")
    yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app), admin
    app.extensions[EXTENSION].database.engine.dispose()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the storm one test for each operation of the document."""
    if "operation" in metafunc.fixturenames:
        paths = create_app(Settings(database_url="sqlite://")).api_doc["paths"]
        labels = [f"{method.upper()} {path}" for path in paths for method in paths[path]]
        assert len(labels) > 25
        metafunc.parametrize("operation", labels)


@pytest.mark.soak(short=10, long=500)
def test_no_input_breaks_the_service_or_its_promises(
    operation: str, storm: tuple[Any, Caller], rounds: int
) -> None:
    schema, admin = storm

    @given(case=schema.find_operation_by_label(operation).as_strategy())
    @settings(
        max_examples=rounds,
        # The soak tries others each time.
        derandomize=not IS_SOAK,
        suppress_health_check=list(HealthCheck),
    )
    def weather(case: schemathesis.Case) -> None:
        case.call_and_validate(
            # The WSGI transport does not unzip.
            headers={"Authorization": f"Bearer {admin.token}", "Accept-Encoding": "identity"},
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_headers_conformance,
                response_schema_conformance,
            ],
        )

    weather()

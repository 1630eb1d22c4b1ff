# SPDX-License-Identifier: Apache-2.0
"""Every error is a problem document, whatever went wrong."""

import gc
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask
from pydantic import ValidationError
from sqlalchemy import make_url

from inventory_service.core import errors
from inventory_service.http.problems import STATUS
from inventory_service.settings import Settings
from tests.service.conftest import Caller

JSON = "application/json"


def test_each_refusal_has_a_status() -> None:
    def family(kind: type[errors.ServiceError]) -> set[type[errors.ServiceError]]:
        return {kind}.union(*(family(child) for child in kind.__subclasses__()))

    assert family(errors.ServiceError) - {errors.ServiceError} == set(STATUS)


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("GET", "/api/v1/nodes/../../etc/passwd", {}, 404),
        ("GET", "/api/v1/nodes/%00", {}, 404),
        ("DELETE", "/api/v1/nodes", {}, 405),
        ("POST", "/api/v1/nodes", {"data": b"x" * (9 << 20), "content_type": JSON}, 413),
        ("POST", "/api/v1/nodes", {"data": b"a=b"}, 415),
        ("POST", "/api/v1/nodes", {"json": {}, "headers": {"Content-Encoding": "gzip"}}, 415),
        ("POST", "/api/v1/nodes", {"data": b"{", "content_type": JSON}, 400),
        ("POST", "/api/v1/nodes", {"data": b"[]", "content_type": JSON}, 400),
        ("POST", "/api/v1/nodes", {"data": b'"{}"', "content_type": JSON}, 400),
        ("POST", "/api/v1/nodes", {"data": b'{"a":"\\ud800"}', "content_type": JSON}, 400),
        ("POST", "/api/v1/nodes", {"data": b"\xff\xfe", "content_type": JSON}, 400),
        ("POST", "/api/v1/nodes", {"json": {}}, 422),
        ("GET", "/api/v1/nodes?limit=x", {}, 422),
    ],
)  # fmt: skip
def test_errors_are_problem_documents(
    admin: Caller, method: str, path: str, options: dict[str, object], status: int
) -> None:
    answer = admin.call(method, path, status=status, **options)
    assert answer.mimetype == "application/problem+json"
    problem = answer.json
    assert problem is not None
    assert problem["status"] == status
    assert problem["title"] == HTTPStatus(status).phrase
    assert problem["detail"]


def test_a_method_that_is_not_possible_names_those_that_are(admin: Caller) -> None:
    answer = admin.call("DELETE", "/api/v1/nodes", status=405)
    assert answer.json is not None
    assert answer.json["detail"].startswith("DELETE is not possible here; possible are GET, HEAD")
    assert "GET" in answer.headers["Allow"]


def test_a_mistake_of_the_service_is_told_without_its_details(
    app: Flask, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr("inventory_service.fleet.routes.status.get_status", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = admin.call("GET", "/api/v1/status", status=500)
    assert answer.mimetype == "application/problem+json"
    assert "42" not in answer.get_data(as_text=True)


def test_a_database_that_does_not_answer_is_503(
    admin: Caller, settings: Settings, request: pytest.FixtureRequest
) -> None:
    if settings.database_url.startswith("sqlite"):
        Path(settings.database_url.removeprefix("sqlite:///")).write_bytes(b"not a database" * 9)
    else:
        request.getfixturevalue("server").drop(make_url(settings.database_url).database)
    answer = admin.call("GET", "/api/v1/nodes", status=503)
    assert int(answer.headers["Retry-After"]) > 0


def count_validation_errors() -> int:
    gc.collect()
    return sum(isinstance(one, ValidationError) for one in gc.get_objects())


def test_a_refused_request_is_forgotten(operator: Caller) -> None:
    before = count_validation_errors()
    body = {"node_id": "no name", "node_type": "web", "cluster_id": "main"}
    operator.post("/api/v1/nodes", body, status=422)
    operator.get("/api/v1/nodes?sort=no.name", status=422)
    assert count_validation_errors() == before

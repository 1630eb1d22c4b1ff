# SPDX-License-Identifier: Apache-2.0
"""Answers hold UTC times, and one resource has an ETag that follows its changes."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask

from inventory_service.http.responses import (
    json_response,
    read_revision,
    resource_response,
    to_json,
)

SEEN = datetime(2026, 11, 22, 12, 0, 0, 250000, tzinfo=UTC)


class Resource:
    """A resource with these fields."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def as_dict(self) -> dict[str, Any]:
        return self.fields


@pytest.fixture
def app() -> Flask:
    return Flask("test")


def test_a_time_is_shown_in_utc_with_z() -> None:
    assert to_json({"at": SEEN}) == b'{"at":"2026-11-22T12:00:00.250000Z"}'


def test_a_document_is_answered_as_json() -> None:
    response = json_response({"é": None}, HTTPStatus.CREATED)
    assert (response.status_code, response.mimetype) == (201, "application/json")
    assert response.json == {"é": None}


def get_etag(app: Flask, **fields: Any) -> str | None:
    with app.test_request_context():
        return resource_response(Resource(**fields)).headers.get("ETag")


def test_an_etag_changes_with_revision_and_heartbeat_and_gives_the_revision_back(
    app: Flask,
) -> None:
    tags = [
        get_etag(app, revision=12),
        get_etag(app, revision=13),
        get_etag(app, revision=12, last_seen=SEEN),
        get_etag(app, revision=12, last_seen=SEEN + timedelta(microseconds=1)),
    ]
    assert len(set(tags)) == 4
    assert [read_revision((tag or "").strip('"')) for tag in tags] == ["12", "13", "12", "12"]
    assert get_etag(app, revision=12, last_seen=None) == tags[0]


def test_a_resource_without_a_revision_has_no_etag(app: Flask) -> None:
    assert get_etag(app, token_id="x") is None


@pytest.mark.parametrize(
    ("method", "match", "status"),
    [("GET", '"12"', 304), ("GET", '"11"', 200), ("PATCH", '"12"', 200)],
)
def test_only_a_read_of_the_same_state_answers_304(
    app: Flask, method: str, match: str, status: int
) -> None:
    with app.test_request_context(method=method, headers={"If-None-Match": match}):
        response = resource_response(Resource(revision=12))
    assert response.status_code == status


def test_a_new_resource_has_its_location(app: Flask) -> None:
    with app.test_request_context(method="POST"):
        response = resource_response(Resource(revision=1), location="/api/v1/nodes/web-1")
        assert response.headers["Location"] == "/api/v1/nodes/web-1"
        assert "Location" not in resource_response(Resource(revision=1)).headers

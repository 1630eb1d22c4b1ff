# SPDX-License-Identifier: Apache-2.0
"""Answers in JSON: a document, or one resource with its ETag."""

from http import HTTPStatus
from typing import Any, Protocol

import orjson
from flask import Response, request


class Serializable(Protocol):
    """A resource that the API can show."""

    def as_dict(self) -> dict[str, Any]:
        """Return its public fields."""


def to_json(document: Any) -> bytes:  # noqa: ANN401 - any JSON document
    """Return a document as bytes; UTC times as RFC 3339 with Z."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def json_response(
    document: Any,  # noqa: ANN401 - any JSON document
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """Return the answer with a document as its body."""
    return Response(to_json(document), status=status.value, mimetype="application/json")


def resource_response(
    resource: Serializable, status: HTTPStatus = HTTPStatus.OK, *, location: str | None = None
) -> Response:
    """Return the answer with one resource and its ETag; 304 if that matches If-None-Match."""
    shown = resource.as_dict()
    response = json_response(shown, status)
    if location is not None:
        response.headers["Location"] = location
    if "revision" in shown:
        response.set_etag(_make_validator(shown))
        if request.method == "GET":
            response.make_conditional(request)
    return response


def read_revision(validator: str) -> str:
    """Return the revision in an ETag of `resource_response`."""
    return validator.partition(".")[0]


def _make_validator(shown: dict[str, Any]) -> str:
    """Return the revision and, since heartbeats do not change it, the time of the last one."""
    seen = shown.get("last_seen")
    return f"{shown['revision']}.{seen.timestamp():.6f}" if seen else str(shown["revision"])

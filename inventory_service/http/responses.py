# SPDX-License-Identifier: Apache-2.0
"""Answers in JSON: a document, or one thing with its validator."""

from http import HTTPStatus
from typing import Any, Protocol

import orjson
from flask import Response, request


class Serializable(Protocol):
    """A thing of the fleet that outsiders may see."""

    def as_dict(self) -> dict[str, Any]:
        """Return what they see."""


def to_json(document: Any) -> bytes:  # noqa: ANN401 - any JSON document
    """Return a document as bytes; times as RFC 3339 in UTC."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def json_response(
    document: Any,  # noqa: ANN401 - any JSON document
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """Return a document as an answer."""
    return Response(to_json(document), status=status.value, mimetype="application/json")


def resource_response(
    thing: Serializable, status: HTTPStatus = HTTPStatus.OK, *, location: str | None = None
) -> Response:
    """Return one thing with its validator, which answers If-None-Match."""
    shown = thing.as_dict()
    response = json_response(shown, status)
    if location is not None:
        response.headers["Location"] = location
    if "revision" in shown:
        response.set_etag(_make_validator(shown))
        if request.method == "GET":
            response.make_conditional(request)
    return response


def read_revision(validator: str) -> str:
    """Return the revision that a thing's validator stands for."""
    return validator.partition(".")[0]


def _make_validator(shown: dict[str, Any]) -> str:
    """Return the thing's revision, and when it was last seen, which is no change of the fleet."""
    seen = shown.get("last_seen")
    return f"{shown['revision']}.{seen.timestamp():.6f}" if seen else str(shown["revision"])

# SPDX-License-Identifier: Apache-2.0
"""Answers in JSON: a document, or one thing with its validator."""

from http import HTTPStatus
from typing import Any, Protocol

import orjson
from flask import Response, request


class Shown(Protocol):
    """A thing of the fleet that outsiders may see."""

    def as_dict(self) -> dict[str, Any]:
        """Return what they see."""


def to_json(document: Any) -> bytes:  # noqa: ANN401 - any JSON document
    """Return a document as bytes; times as RFC 3339 in UTC."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def answer(
    document: Any,  # noqa: ANN401 - any JSON document
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """Return a document as an answer."""
    return Response(to_json(document), status=status.value, mimetype="application/json")


def answer_thing(
    thing: Shown, status: HTTPStatus = HTTPStatus.OK, *, location: str | None = None
) -> Response:
    """Return one thing; its own revision is its validator, and answers If-None-Match."""
    shown = thing.as_dict()
    response = answer(shown, status)
    if location is not None:
        response.headers["Location"] = location
    if "revision" in shown:
        response.set_etag(str(shown["revision"]))
        if request.method == "GET":
            response.make_conditional(request)
    return response

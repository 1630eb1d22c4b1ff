# SPDX-License-Identifier: Apache-2.0
"""Answers in JSON: one thing with its validator, or a page of things."""

import base64
import binascii
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

import orjson
from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field

from inventory_service.domain.errors import BadInput, Fault


class Shown(Protocol):
    """A thing of the fleet that outsiders may see."""

    def as_dict(self) -> dict[str, Any]:
        """Return what they see."""


class PageQuery(BaseModel):
    """How much of a list is wanted, and from where on."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(
        default=None, max_length=512, description="next_cursor of the page before"
    )


Thing = TypeVar("Thing", bound=Shown)


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


def answer_page(
    things: Sequence[Thing], limit: int, key_of: Callable[[Thing], Sequence[str | int]]
) -> Response:
    """Return a page; ``things`` hold one more than ``limit`` where there is a next one."""
    page = things[:limit]
    has_more = len(things) > limit
    return answer(
        {
            "items": [thing.as_dict() for thing in page],
            "next_cursor": _encode(key_of(page[-1])) if has_more else None,
        }
    )


def read_cursor(query: PageQuery, *kinds: type) -> list[Any] | None:
    """Return the key that a cursor stands for, or None at the beginning.

    :raises BadInput: no answer of ours gave this cursor.
    """
    if query.cursor is None:
        return None
    try:
        key = orjson.loads(base64.b64decode(query.cursor.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError, UnicodeEncodeError):
        key = None
    if (
        not isinstance(key, list)
        or [type(part) for part in key] != list(kinds)
        or any(isinstance(part, int) and abs(part) >= 2**31 for part in key)
        or any(isinstance(part, str) and "\x00" in part for part in key)
    ):
        raise BadInput(
            "The cursor is not one that this list gave. Leave it out to begin anew.",
            faults=[Fault("cursor", "is not valid here")],
        )
    return key


def _encode(key: Sequence[str | int]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode()

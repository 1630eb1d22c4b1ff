# SPDX-License-Identifier: Apache-2.0
"""Lists over HTTP: sorting, choice of fields, and pages by cursor."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import orjson
from flask import Response
from pydantic import BaseModel, ConfigDict, Field, create_model

from inventory_service.core.clock import check_moment
from inventory_service.core.database.base import Base
from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.pagination import Page, SortKey, parse_fields, parse_sort_keys
from inventory_service.http.query_params import Query
from inventory_service.http.responses import json_response

Row = TypeVar("Row", bound=Base)


class PageQuery(Query):
    """The length of a page and the cursor at which it starts."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(
        default=None, max_length=2048, description="next_cursor of the previous page"
    )


class ListQuery(PageQuery):
    """The page, order and fields of a list."""

    sort: str = ""
    fields: str = ""


@dataclass(frozen=True)
class ListSpec:
    """The columns by which a list can be sorted, and the fields of its items."""

    kind: type[Base]
    view: type[BaseModel]
    #: Columns that are unique together; they end each order, and are the default one.
    tiebreakers: Sequence[str]
    sortable: Sequence[str] = ()
    sort: str = ""

    def sort_field(self) -> Any:  # noqa: ANN401 - as pydantic's Field
        """Return the query parameter `sort` for OpenAPI."""
        return Field(
            default=self.sort,
            max_length=255,
            description=(
                f"columns to sort by, separated by commas: {', '.join(self.sortable)}; '-' before "
                "one sorts in descending order; a missing value sorts as the largest"
            ),
            json_schema_extra={"pattern": _make_pattern("-?", self.sortable)},
        )

    def fields_field(self) -> Any:  # noqa: ANN401 - as pydantic's Field
        """Return the query parameter `fields` for OpenAPI."""
        return Field(
            default="",
            max_length=512,
            description="fields to show, separated by commas; all of them if left out",
            json_schema_extra={"pattern": _make_pattern("", tuple(self.view.model_fields))},
        )

    def read(self, query: PageQuery) -> Page:
        """Return the requested page.

        :raises BadInput: the order is invalid, or the cursor is not from a list in this order.
        """
        text = query.sort if isinstance(query, ListQuery) else self.sort
        order = parse_sort_keys(text, sortable=self.sortable, tiebreakers=self.tiebreakers)
        after = None if query.cursor is None else self._decode(query.cursor, order)
        return Page(order, query.limit, after)

    def answer(
        self,
        query: PageQuery,
        rows: Sequence[Row],
        show: Callable[[Row], dict[str, Any]],
    ) -> Response:
        """Return the answer; ``rows`` hold one more than the limit if there is a next page.

        :raises BadInput: a requested field does not exist.
        """
        page = rows[: query.limit]
        cursor = _encode(self.read(query).order, page[-1]) if len(rows) > query.limit else None
        items = [show(row) for row in page]
        if isinstance(query, ListQuery) and query.fields:
            wanted = parse_fields(query.fields, tuple(self.view.model_fields))
            items = [{name: item[name] for name in wanted} for item in items]
        return json_response({"items": items, "next_cursor": cursor})

    def _decode(self, cursor: str, order: Sequence[SortKey]) -> tuple[object, ...]:
        try:
            parts = orjson.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
        except (binascii.Error, orjson.JSONDecodeError, UnicodeEncodeError):
            parts = None
        if not isinstance(parts, list) or not parts or not isinstance(parts[0], str):
            raise _refuse_cursor("is not one that this list gave")
        if parts[0] != _name(order):
            raise _refuse_cursor(f"is from a list in another order than {_name(order)}")
        if len(parts) != len(order) + 1:
            raise _refuse_cursor("is not one that this list gave")
        return tuple(
            self._check_value(one.column, value)
            for one, value in zip(order, parts[1:], strict=True)
        )

    def _check_value(self, name: str, value: object) -> object:
        """Return the value of a cursor in the type of its column."""
        column = self.kind.__table__.c[name]
        kind = column.type.python_type
        if value is None and column.nullable:
            return None
        if kind is datetime and isinstance(value, str):
            return _parse_time(value)
        is_same = isinstance(value, kind) and not isinstance(value, bool)
        is_too_large = isinstance(value, int) and abs(value) >= 2**31
        if not is_same or is_too_large or (isinstance(value, str) and "\x00" in value):
            raise _refuse_cursor("is not one that this list gave")
        return value


def page_of(view: type[BaseModel]) -> type[BaseModel]:
    """Return the schema of a page of items, from which `fields` may omit some fields."""
    noun = view.__name__.removesuffix("Out")
    item = create_model(f"{noun}Item", __base__=(view, _Partial), __doc__=view.__doc__)
    return create_model(
        f"{noun}Page",
        __doc__=f"A page: {view.__doc__}",
        items=(list[item], ...),  # type: ignore[valid-type] # made just now
        next_cursor=(str | None, ...),
    )


class _Partial(BaseModel):
    """An item of which each field may be left out."""

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.pop("required", None))


def _make_pattern(before: str, names: Sequence[str]) -> str:
    word = f"{before}({'|'.join(names)})"
    return f"^({word}(,{word})*)?$"


def _name(order: Sequence[SortKey]) -> str:
    return ",".join(map(str, order))


def _encode(order: Sequence[SortKey], row: Base) -> str:
    values = [getattr(row, one.column) for one in order]
    return base64.urlsafe_b64encode(orjson.dumps([_name(order), *values])).decode()


def _parse_time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return check_moment(moment)
    except ValueError:
        pass
    raise _refuse_cursor("is not one that this list gave")


def _refuse_cursor(reason: str) -> BadInput:
    return BadInput(
        f"The cursor {reason}. Leave it out to begin anew, and keep the order from page to page.",
        field_errors=[FieldError("cursor", reason)],
    )

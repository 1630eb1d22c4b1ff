# SPDX-License-Identifier: Apache-2.0
"""Keyset pagination: pages stay complete while rows are added and removed."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from inventory_service.core.database.base import Base
from inventory_service.core.pagination import Page, SortKey

Row = TypeVar("Row", bound=Base)


def read_page(session: Session, kind: type[Row], query: Select[Row], page: Page) -> Sequence[Row]:
    """Return the rows of a page, and one more where there is a next page.

    The order must end with tiebreakers: columns that are unique together and never null.
    """
    columns: list[InstrumentedAttribute[Any]] = [
        getattr(kind, order.column) for order in page.order
    ]
    query = query.order_by(
        *(_sort(column, order) for column, order in zip(columns, page.order, strict=True))
    )
    if page.after is not None:
        steps = list(zip(columns, page.order, page.after, strict=True))
        query = query.where(*_begin(*steps[0]), _get_beyond(steps))
    return session.scalars(query.limit(page.limit + 1)).all()


Step = tuple[InstrumentedAttribute[Any], SortKey, Any]


def _sort(column: InstrumentedAttribute[Any], order: SortKey) -> ColumnElement[Any]:
    # PostgreSQL sorts null as the largest value, SQLite as the smallest: so name it each time.
    if order.is_descending:
        return column.desc().nulls_first() if _may_be_null(column) else column.desc()
    return column.asc().nulls_last() if _may_be_null(column) else column.asc()


def _get_beyond(steps: Sequence[Step]) -> ColumnElement[bool]:
    """Return the condition of the rows after the one with these values."""
    ways = []
    for index, (column, order, value) in enumerate(steps):
        # SQLAlchemy makes IS NULL of a comparison with None.
        same = [column == value for column, _, value in steps[:index]]
        further = _get_further(column, order, value)
        if further is not None:
            ways.append(and_(*same, further))
    return or_(*ways)


def _get_further(
    column: InstrumentedAttribute[Any], order: SortKey, value: object
) -> ColumnElement[bool] | None:
    """Return the condition of the values after this one, or None where no value follows."""
    if value is None:
        return column.is_not(None) if order.is_descending else None
    if order.is_descending:
        return column < value
    return (column > value) | column.is_(None) if _may_be_null(column) else column > value


def _begin(
    column: InstrumentedAttribute[Any], order: SortKey, value: object
) -> list[ColumnElement[bool]]:
    # Follows from the rest, but only here does SQLite see where in an index it can begin. A row
    # comparison would express both, but SQLite can't use an index for it.
    if value is None or _may_be_null(column):
        return []
    return [column <= value if order.is_descending else column >= value]


def _may_be_null(column: InstrumentedAttribute[Any]) -> bool:
    return bool(column.property.columns[0].nullable)

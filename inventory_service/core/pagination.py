# SPDX-License-Identifier: Apache-2.0
"""Pages of lists: how they are sorted, where they start and how long they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inventory_service.core.errors import BadInput, FieldError


@dataclass(frozen=True)
class SortKey:
    """One column to sort by; a missing value sorts as the largest."""

    column: str
    is_descending: bool = False

    def __str__(self) -> str:
        """Return the key as a request writes it."""
        return f"-{self.column}" if self.is_descending else self.column


@dataclass(frozen=True)
class Page:
    """The requested part of a list; ``after`` holds the sort values of the last row seen."""

    order: tuple[SortKey, ...]
    limit: int
    after: tuple[object, ...] | None = None


def parse_sort_keys(
    text: str, *, sortable: Sequence[str], tiebreakers: Sequence[str]
) -> tuple[SortKey, ...]:
    """Return the sort keys of a text such as ``-created_at,node_id``.

    The tiebreakers follow those that it names, so that no two rows are equal in the order.

    :raises BadInput: the list can't be sorted by a column, or a column is named twice.
    """
    orders = [
        SortKey(word.removeprefix("-"), is_descending=word.startswith("-"))
        for word in text.split(",")
        if word
    ]
    names = [order.column for order in orders]
    _check_known("sort", "be sorted by", names, sortable)
    orders += [SortKey(name) for name in tiebreakers if name not in names]
    return tuple(orders)


def parse_fields(text: str, known: Sequence[str]) -> list[str]:
    """Return the names of a text such as ``node_id,state``.

    :raises BadInput: there is no such field, or it is named twice.
    """
    names = [name for name in text.split(",") if name]
    _check_known("fields", "be shown", names, known)
    return names


def _check_known(field: str, act: str, names: Sequence[str], known: Iterable[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        reason = f"{unknown[0][:64]!r} can't {act}"
    elif len(set(names)) < len(names):
        reason = "names a column twice"
    else:
        return
    raise BadInput(
        f"Invalid {field}: {reason}. Allowed: {', '.join(known)}.",
        field_errors=[FieldError(field, reason)],
    )

# SPDX-License-Identifier: Apache-2.0
"""A page of a list: in which order, from where on, and how much."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inventory_service.core.errors import BadInput, FieldError


@dataclass(frozen=True)
class SortKey:
    """One column to sort by; what has no value there counts as the last."""

    column: str
    is_descending: bool = False

    def __str__(self) -> str:
        """Return the order as it is asked for."""
        return f"-{self.column}" if self.is_descending else self.column


@dataclass(frozen=True)
class Page:
    """What is wanted of a list; ``after`` holds the values of the last thing that was seen."""

    order: tuple[SortKey, ...]
    limit: int
    after: tuple[object, ...] | None = None


def parse_sort_keys(
    text: str, *, sortable: Sequence[str], unique: Sequence[str]
) -> tuple[SortKey, ...]:
    """Return the order that ``-created_at,node_id`` means.

    What is unique is put behind it, so that no two things have the same place.

    :raises BadInput: a column can't be sorted by, or stands twice.
    """
    orders = [
        SortKey(word.removeprefix("-"), is_descending=word.startswith("-"))
        for word in text.split(",")
        if word
    ]
    names = [order.column for order in orders]
    _check_known("sort", "be sorted by", names, sortable)
    orders += [SortKey(name) for name in unique if name not in names]
    return tuple(orders)


def parse_fields(text: str, known: Sequence[str]) -> list[str]:
    """Return the fields that ``node_id,state`` names.

    :raises BadInput: there is no such field, or it stands twice.
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
        f"The {field} can't be meant: {reason}. There are {', '.join(known)}.",
        field_errors=[FieldError(field, reason)],
    )

# SPDX-License-Identifier: Apache-2.0
"""What of a request becomes an order: its values are data, and all that is not declared is left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.webhooks.domain.pointers import MISSING, read_pointer
from inventory_service.webhooks.domain.webhooks import ANSWERS, Condition, ValueRule

_SHOWN = 64


@dataclass(frozen=True)
class MappedFields:
    """The fields of an order that a request fills."""

    fields: dict[str, Any]
    answers: dict[str, Any]


def find_unmet(conditions: Iterable[Condition], body: Mapping[str, Any]) -> str | None:
    """Return why a request is ignored, or None if it fulfils all conditions."""
    for condition in conditions:
        value = read_pointer(body, condition.pointer)
        if value is MISSING:
            return f"{condition.pointer} is not there"
        if not any(_is_same(value, one) for one in condition.one_of):
            return f"{condition.pointer} is {_show(value)}"
    return None


def map_values(values: Iterable[ValueRule], body: Mapping[str, Any]) -> MappedFields:
    """Return the fields that a request fills.

    :raises BadInput: a value that is required is not there.
    """
    fields: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    missing = []
    for rule in values:
        value = read_pointer(body, rule.pointer)
        if value is MISSING or value is None:
            if rule.is_required:
                missing.append(FieldError(rule.field, f"is required, and {rule.pointer} is empty"))
            continue
        if isinstance(value, str):
            value = value.removeprefix(rule.remove_prefix)
        if rule.field.startswith(ANSWERS):
            answers[rule.field.removeprefix(ANSWERS)] = value
        else:
            fields[rule.field] = value
    if missing:
        raise BadInput(
            f"The request lacks what the webhook needs: {missing[0].field} {missing[0].reason}.",
            field_errors=missing,
        )
    return MappedFields(fields, answers)


def _is_same(value: object, wanted: object) -> bool:
    """Return whether two JSON values are equal: `true` is not 1."""
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def _show(value: object) -> str:
    """Return a value of a request in a few characters."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

# SPDX-License-Identifier: Apache-2.0
"""The range of numbers that JSON, the answers and both databases hold without change.

RFC 8259, section 6, lets each program set its own limits, and parsers use that: of a larger integer
one makes a float, one infinity, and one none at all.
"""

import json
from collections.abc import Iterator
from typing import Any

from inventory_service.core.errors import FieldError

#: Either way from 0: what a signed integer of 64 bits holds.
LARGEST = 2**63 - 1


def check_number(value: float) -> None:
    """Check that a number can be stored and returned without change.

    :raises ValueError: it is no number of JSON, or beyond ``LARGEST``.
    """
    if not abs(value) <= LARGEST:  # not a number compares as false
        raise ValueError(f"holds a number that is none of JSON, or beyond {LARGEST}")


def iter_invalid_numbers(document: Any) -> Iterator[FieldError]:  # noqa: ANN401 - any JSON document
    """Yield a field error for each invalid number, with a field such as ``vars.ports.0``."""
    left: list[tuple[str, Any]] = [("", document)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [(f"{path}.{name[:64]}", value[name]) for name in reversed(value)]
        elif isinstance(value, list):
            left += [(f"{path}.{index}", value[index]) for index in reversed(range(len(value)))]
        elif isinstance(value, int | float):
            try:
                check_number(value)
            except ValueError as error:
                yield FieldError(path[1:], str(error))


def is_same(one: object, other: object) -> bool:
    """Return whether two values are one in JSON, where true is not 1 and 1 is not 1.0."""
    first, second = (json.dumps(value, sort_keys=True, default=repr) for value in (one, other))
    return first == second


def read_json(text: str) -> Any:  # noqa: ANN401 - any JSON document
    """Return the document in a JSON text; its numbers are not checked yet.

    :raises ValueError: it is not JSON; a ``json.JSONDecodeError`` has the position.
    :raises RecursionError: it is nested too deeply.
    """
    return _DECODER.decode(text)


def read_integer(text: str) -> float:
    """Return the number of these digits: a float if they are too many for an int of Python."""
    return int(text) if len(text) <= len(f"-{LARGEST}") else float(text)


_DECODER = json.JSONDecoder(parse_int=read_integer)

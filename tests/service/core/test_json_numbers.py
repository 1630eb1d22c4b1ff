# SPDX-License-Identifier: Apache-2.0
"""Numbers that can't be kept are told from all others, wherever in a document they stand."""

import json
import math
from datetime import UTC, datetime

import pytest

from inventory_service.core.json_numbers import (
    LARGEST,
    check_number,
    is_same,
    iter_invalid_numbers,
    read_json,
)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, LARGEST, -LARGEST, 1e18, 5e-324])
def test_what_a_signed_integer_of_64_bits_reaches_passes(value: float) -> None:
    check_number(value)
    assert json.loads(json.dumps(value, allow_nan=False)) == value


@pytest.mark.parametrize(
    "value",
    [LARGEST + 1, -LARGEST - 1, float(2**63), -1e19, 10**400, math.inf, -math.inf, math.nan],
)  # fmt: skip
def test_all_beyond_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=str(LARGEST)):
        check_number(value)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"a": {"b c": [1, NaN, {"d": -Infinity}]}, "e": 1e999}', ["a.b c.1", "a.b c.2.d", "e"]),
        ("[9223372036854775807, 9223372036854775808, -9223372036854775807]", ["1"]),
        ("1" * 5000, [""]),
        ("-" + "1" * 5000, [""]),
        ('{"a": [true, null, "NaN", 0.1, {}]}', []),
    ],
    ids=["nested", "limits", "digits", "below zero", "none"],
)
def test_each_is_named_by_its_path(text: str, fields: list[str]) -> None:
    assert [fault.field for fault in iter_invalid_numbers(read_json(text))] == fields


@pytest.mark.parametrize("text", ["", "{", "01", "1" * 5000 + "x", "\ufeff1"])
def test_what_is_no_json_is_not_read(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        read_json(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        (1, True, False),
        (1, 1.0, False),
        ([1], [True], False),
        ({"a": None}, {}, False),
        ([1, 2], [2, 1], False),
        ("1", 1, False),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), True),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), False),
    ],
)
def test_values_are_compared_as_json_has_them(one: object, other: object, *, same: bool) -> None:
    assert is_same(one, other) == same

# SPDX-License-Identifier: Apache-2.0
"""Columns of a list share the room that there is."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.cli.terminal.column_widths import GAP, LEAST, fit_columns


@pytest.mark.parametrize(
    ("natural", "room", "expected"),
    [
        ([5, 6, 7], 80, [5, 6, 7]),
        ([5, 6, 70], 40, [5, 6, 25]),
        ([5, 60, 70], 40, [5, 15, 15]),
        ([30, 10, 10], 40, [20, 8, 8]),
        ([30, 10, 10, 3, 10], 40, [20, 8, 8]),
        ([30, 4, 3, 3, 10], 40, [20, 4, 3, 3]),
        ([90], 40, [40]),
        ([90, 90], 9, [9]),
    ],
)
def test_the_widest_columns_give_way_first(
    natural: Sequence[int], room: int, expected: Sequence[int]
) -> None:
    assert fit_columns(natural, room) == expected


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=30),
    st.integers(10, 500),
)
def test_a_list_never_exceeds_its_room_and_no_column_is_too_narrow_to_read(
    natural: list[int], room: int
) -> None:
    widths = fit_columns(natural, room)
    assert 1 <= len(widths) <= len(natural)
    assert sum(widths) + GAP * (len(widths) - 1) <= room
    for width, wanted in zip(widths, natural, strict=False):
        assert min(wanted, LEAST) <= width <= wanted

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
    assert list(fit_columns(natural, room).values()) == expected


@pytest.mark.parametrize(
    ("natural", "whole", "room", "expected"),
    [
        # A cluster is narrowed or left out before an address is cut.
        ([16, 8, 20, 14], [3], 60, {0: 16, 1: 8, 2: 16, 3: 14}),
        ([16, 8, 20, 14], [3], 50, {0: 16, 1: 8, 3: 14}),
        ([16, 8, 14, 20], [2, 3], 60, {0: 16, 2: 14, 3: 20}),
        # Where even these have no room, the last one is left out, not cut.
        ([16, 14, 20], [1, 2], 40, {0: 16, 1: 14}),
        ([16, 40], [1], 40, {0: 16}),
    ],
)
def test_a_whole_column_is_never_narrowed(
    natural: Sequence[int], whole: Sequence[int], room: int, expected: dict[int, int]
) -> None:
    is_whole = [index in whole for index in range(len(natural))]
    assert fit_columns(natural, room, is_whole) == expected


@given(
    st.lists(st.tuples(st.integers(1, 10_000), st.booleans()), min_size=1, max_size=30),
    st.integers(10, 500),
)
def test_a_list_never_exceeds_its_room_and_no_column_is_too_narrow_to_read(
    columns: list[tuple[int, bool]], room: int
) -> None:
    natural, whole = [width for width, _ in columns], [is_whole for _, is_whole in columns]
    widths = fit_columns(natural, room, whole)
    assert 1 <= len(widths) <= len(natural)
    assert sum(widths.values()) + GAP * (len(widths) - 1) <= room
    for index, width in widths.items():
        assert min(natural[index], LEAST) <= width <= natural[index]
        assert not (index and whole[index]) or width == natural[index]

# SPDX-License-Identifier: Apache-2.0
"""How wide each column of a list is, so that the list fits its terminal."""

from collections.abc import Sequence

#: Between two columns.
GAP = 2
#: A column that would be narrower, and has wider values, is left out.
LEAST = 8


def fit_columns(natural: Sequence[int], room: int, whole: Sequence[bool] = ()) -> dict[int, int]:
    """Return the widths of the columns that can be read in so much room, by their position.

    The first column, the name, gets up to half of the room. Those that are ``whole`` are never
    narrowed, and the last to be left out; the widest of the others are narrowed first.
    """
    fixed = {index for index, is_whole in enumerate(whole) if is_whole and index}
    first = min(natural[0], max(room // 2, LEAST))
    least = {
        index: natural[index] if index in fixed else min(natural[index], LEAST)
        for index in range(1, len(natural))
    }
    while least and first + sum(GAP + width for width in least.values()) > room:
        del least[max(least.keys() - fixed or least)]
    if not least:
        return {0: min(natural[0], room)}
    left = room - first - GAP * len(least)
    most = max(natural[index] for index in least)
    while sum(_narrow(natural, index, most, fixed) for index in least) > left:
        most -= 1
    return {0: first} | {index: _narrow(natural, index, most, fixed) for index in least}


def _narrow(natural: Sequence[int], index: int, most: int, fixed: set[int]) -> int:
    return natural[index] if index in fixed else min(natural[index], most)

# SPDX-License-Identifier: Apache-2.0
"""How wide each column of a list is, so that the list fits its terminal."""

from collections.abc import Sequence

#: Between two columns.
GAP = 2
#: A column that would be narrower, and has wider values, is left out.
LEAST = 8


def fit_columns(natural: Sequence[int], room: int) -> list[int]:
    """Return the widths of as many columns, from the left, as can be read in so much room.

    The first column, the name, gets up to half of the room; the widest of the others
    are narrowed first.
    """
    first = min(natural[0], max(room // 2, LEAST))
    others = list(natural[1:])
    while others and first + sum(GAP + min(width, LEAST) for width in others) > room:
        others.pop()
    if not others:
        return [min(natural[0], room)]
    most = max(others)
    left = room - first - GAP * len(others)
    while sum(min(width, most) for width in others) > left:
        most -= 1
    return [first, *(min(width, most) for width in others)]

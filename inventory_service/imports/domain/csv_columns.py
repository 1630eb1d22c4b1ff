# SPDX-License-Identifier: Apache-2.0
"""Columns of a CSV file, as spreadsheets write them: its separator, and empty ones at the end."""

from collections.abc import Iterable, Sequence

from inventory_service.core.errors import FieldError

_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def find_separator_error(text: str) -> FieldError | None:
    """Return the error of a file whose first row separates its names by something else than `,`."""
    number, first = next(
        ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()),
        (1, ""),
    )
    found = [word for sign, word in _OTHER_SEPARATORS.items() if sign in first]
    if not found or "," in first:
        return None
    reason = f"separates its cells by {found[0]}; save it as CSV that is separated by commas"
    return FieldError("file", reason, number, 1)


def is_blank(cells: Iterable[str]) -> bool:
    """Return whether all cells of a row are empty or blank."""
    return not any(cell.strip() for cell in cells)


def trim_names(cells: Sequence[str]) -> list[str]:
    """Return the names of the columns without blanks round them and without empty last ones."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def trim_cells(cells: Sequence[str], width: int) -> Sequence[str]:
    """Return the cells without blank ones beyond the last column that has a name."""
    return cells[:width] if is_blank(cells[width:]) else cells

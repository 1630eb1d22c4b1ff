# SPDX-License-Identifier: Apache-2.0
"""Nodes as CSV, both ways: one row a node, whatever its values hold.

A spreadsheet runs a cell as a formula that begins like one. As OWASP advises ("CSV Injection",
https://owasp.org/www-community/attacks/CSV_Injection) each cell is quoted, and such a text gets a
`'` before it, which is taken away again on the way back.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from inventory_service.cli.formats.source_row import Row, file_error, file_errors
from inventory_service.cli.terminal.text import escape_controls
from inventory_service.core.errors import FieldError
from inventory_service.core.json_numbers import read_json
from inventory_service.imports.domain.csv_columns import (
    find_separator_error,
    is_blank,
    trim_cells,
    trim_names,
)
from inventory_service.imports.domain.node_list import GIVEN_FIELDS, ListedNode
from inventory_service.imports.domain.projects_plan import MOST_CHARACTERS

_MARK = "'"
_SIGNS = "=+-@"
#: Some spreadsheets take the full-width forms (U+FF01 and on) for the same.
_RISKY = (*_SIGNS, *(chr(ord(sign) + 0xFEE0) for sign in _SIGNS), "\t", "\r", "\n", _MARK)
_NESTED = ("ssh_host_keys", "labels", "vars")
#: More of them would each be an error of its own.
MOST_COLUMNS = 100
#: The names that the first row may have.
KNOWN = (*ListedNode.model_fields, *GIVEN_FIELDS)


class CsvWriter:
    """Writes nodes as rows of a CSV file (RFC 4180), under a row with the names of the fields."""

    def __init__(self, file: TextIO, columns: Sequence[str]) -> None:
        self._columns = columns
        self._writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        self._writer.writerow(columns)

    def write(self, node: Mapping[str, Any]) -> None:
        """Write one node."""
        self._writer.writerow([write_cell(node[name]) for name in self._columns])

    def end(self) -> None:
        """Do nothing: a table has no end of its own."""


def write_cell(value: object) -> str:
    """Return a value as a cell: what is nested is JSON, and no text begins like a formula."""
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, dict | list):
        return escape_controls(json.dumps(value, ensure_ascii=False))
    text = str(value)
    is_marked = text.startswith(_RISKY) or text != text.strip()
    return f"{_MARK}{text}" if is_marked or not text else text


def read_csv(text: str) -> list[Row]:
    """Return the rows of a file whose first row names the fields; an empty cell sets nothing.

    Blanks round a name or a cell are no part of it, unless the cell begins with the mark.

    :raises BadInput: it is no such file; each error has its line and column.
    """
    # The csv module's own limit is smaller than the variables that the service takes.
    csv.field_size_limit(MOST_CHARACTERS)
    wrong_separator = find_separator_error(text)
    if wrong_separator:
        raise file_errors([wrong_separator])
    lines = _lines(text)
    first, header = next(((line, cells) for line, cells in lines if not is_blank(cells)), (1, []))
    names = trim_names(header)
    _check_names(names, first)
    rows: list[Row] = []
    field_errors: list[FieldError] = []
    for line, found in lines:
        if is_blank(found):
            continue
        cells = trim_cells(found, len(names))
        if len(cells) != len(names):
            reason = f"has {len(cells)} cells where the first row has {len(names)}"
            column = min(len(cells), len(names)) + 1
            field_errors.append(FieldError("row", reason, line, column))
            continue
        fields: dict[str, object] = {}
        for column, (name, cell) in enumerate(zip(names, cells, strict=False), start=1):
            try:
                fields |= {name: read_cell(name, cell)} if cell.strip() else {}
            except ValueError:
                reason = "must be JSON, like " + ("[]" if name == "ssh_host_keys" else '{"a": "b"}')
                field_errors.append(FieldError(name, reason, line, column))
        rows.append(Row(line, fields))
    if field_errors:
        raise file_errors(field_errors)
    return rows


def read_cell(name: str, cell: str) -> object:
    """Return the value of a cell of a column.

    :raises ValueError: it should be JSON and is not.
    """
    text = cell[1:] if cell.startswith(_MARK) else cell.strip()
    if name not in _NESTED:
        return text
    try:
        return read_json(text)
    except RecursionError as error:
        raise ValueError(name) from error


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise file_error("file", f"is not CSV: {error}", reader.line_num) from error
        if cells is None:
            return
        yield line, cells


def _check_names(names: Sequence[str], line: int) -> None:
    if len(names) > MOST_COLUMNS:
        # Each would be an error of its own.
        reason = f"has {len(names)} columns, and a node has {len(KNOWN)} fields"
        raise file_error("file", reason, line)
    field_errors = [
        FieldError(
            name or "column", "is not a field of a node" if name else "has no name", line, column
        )
        for column, name in enumerate(names, start=1)
        if name not in KNOWN
    ]
    field_errors += [
        FieldError(name, "is in the first row twice", line, column)
        for column, name in enumerate(names, start=1)
        if name and name in names[: column - 1]
    ]
    if not names:
        field_errors = [FieldError("file", "is empty; its first row must name the fields", 1)]
    if field_errors:
        raise file_errors(field_errors)

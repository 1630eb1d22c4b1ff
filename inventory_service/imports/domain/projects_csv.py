# SPDX-License-Identifier: Apache-2.0
"""projects.csv: its lines, all checked before anything is planned from them.

The form is RFC 4180 in UTF-8; a byte order mark, CRLF and quotes are taken as spreadsheets write
them. Servers counts all servers of a project in an environment: the first is its master, the
others are web servers.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from inventory_service.core.errors import BadInput, FieldError, refuse_file
from inventory_service.core.field_types import check_label
from inventory_service.fleet.domain.nodes import MOST_NODES
from inventory_service.fleet.domain.sizes import check_spec
from inventory_service.imports.domain.csv_columns import (
    find_separator_error,
    is_blank,
    trim_cells,
    trim_names,
)

REQUIRED = ("Project", "Servers", "MasterSpec", "WebSpec")
OPTIONAL = ("Environment", "Region")
DEFAULT_ENVIRONMENT = "prod"
MOST_SERVERS = 1000
#: How many lines with cells a file has, and how many servers they count in all. The time and the
#: memory that a plan takes grow with both.
MOST_ROWS = MOST_NODES
#: Spreadsheets may write some empty ones beside those that are known.
MOST_COLUMNS = 100


@dataclass(frozen=True)
class Location:
    """A line of the file, and the columns that its cells are in."""

    line: int
    header: Sequence[str]

    def error(self, name: str, reason: str) -> FieldError:
        """Return an error of a cell; one that the file leaves out has the first one's column."""
        column = self.header.index(name) + 1 if name in self.header else 1
        return FieldError(name, reason, self.line, column)


@dataclass(frozen=True)
class ProjectRow:
    """One checked line of the file; two with the same cells are equal, on whatever line."""

    project: str
    servers: int
    master_spec: str
    web_spec: str
    environment: str
    region: str | None
    location: Location = field(compare=False)


def parse_projects(content: str) -> list[ProjectRow]:
    """Return the lines of a projects.csv, all checked.

    :raises BadInput: a line is invalid; ``field_errors`` name each cell by line and column.
    """
    text = content.removeprefix("\ufeff")
    wrong_separator = find_separator_error(text)
    if wrong_separator:
        raise refuse_file([wrong_separator])
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    field_errors: list[FieldError] = []
    rows: list[ProjectRow] = []
    filled = (cells for cells in reader if not is_blank(cells))
    try:
        header = _read_header(next(filled, []), reader.line_num)
        seen: dict[tuple[str, str], int] = {}
        for count, found in enumerate(filled, start=1):
            if count > MOST_ROWS:
                raise _refuse_size(f"more than {MOST_ROWS} lines", reader.line_num)
            cells = trim_cells(found, len(header))
            row = _read_row(Location(reader.line_num, header), cells, field_errors)
            if row is None:
                continue
            first = seen.setdefault((row.project, row.environment), reader.line_num)
            if first != reader.line_num:
                reason = f"'{row.project}' in {row.environment} is in line {first} already"
                field_errors.append(row.location.error("Project", reason))
            rows.append(row)
    except csv.Error as error:
        field_errors.append(
            FieldError("file", f"is not well-formed CSV: {error}", reader.line_num, 1)
        )
    if field_errors:
        raise refuse_file(field_errors)
    servers = sum(row.servers for row in rows)
    if servers > MOST_NODES:
        raise _refuse_size(f"{servers} servers in all, more than {MOST_NODES}", 1)
    return rows


def _refuse_size(found: str, line: int) -> BadInput:
    return BadInput(
        f"The file has {found}; nothing was changed. Import it in parts: projects that a file does "
        "not name are left alone.",
        field_errors=[FieldError("file", f"has {found}", line, 1)],
    )


def _read_header(cells: Sequence[str], line: int) -> list[str]:
    known = REQUIRED + OPTIONAL
    header = trim_names(cells)
    if not header:
        raise BadInput(
            f"The file is empty. Its first line must be {','.join(REQUIRED)}.",
            field_errors=[FieldError("file", "is empty", 1, 1)],
        )
    if len(header) > MOST_COLUMNS:
        # Each would be an error of its own.
        reason = f"has {len(header)} columns, and {len(known)} are known: {', '.join(known)}"
        raise _refuse_header([FieldError("header", reason, line, len(known) + 1)])
    field_errors = [
        FieldError("header", _describe_unknown(name), line, column)
        for column, name in enumerate(header, start=1)
        if name not in known
    ]
    field_errors += [
        FieldError("header", f"the column '{name}' is missing", line, len(header) + 1)
        for name in REQUIRED
        if name not in header
    ]
    field_errors += [
        FieldError("header", f"the column '{name}' is there twice", line, column)
        for column, name in enumerate(header, start=1)
        if name and name in header[: column - 1]
    ]
    if field_errors:
        raise _refuse_header(field_errors)
    return header


def _describe_unknown(name: str) -> str:
    return f"'{name[:64]}' is not a known column" if name else "the column has no name"


def _refuse_header(field_errors: Sequence[FieldError]) -> BadInput:
    return BadInput(
        f"The first line must be {','.join(REQUIRED)}; {' and '.join(OPTIONAL)} may follow.",
        field_errors=field_errors,
    )


def _read_row(
    location: Location, cells: Sequence[str], field_errors: list[FieldError]
) -> ProjectRow | None:
    header = location.header
    if len(cells) != len(header):
        reason = f"has {len(cells)} cells where the first line has {len(header)}"
        field_errors.append(
            FieldError("line", reason, location.line, min(len(cells), len(header)) + 1)
        )
        return None
    values = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    values["Environment"] = values.get("Environment") or DEFAULT_ENVIRONMENT
    before = len(field_errors)
    for name, check in _CHECKS.items():
        try:
            check(values.get(name, ""))
        except ValueError as error:
            field_errors.append(location.error(name, str(error)))
    if len(field_errors) > before:
        return None
    return ProjectRow(
        values["Project"],
        int(values["Servers"]),
        values["MasterSpec"],
        values["WebSpec"],
        values["Environment"],
        values.get("Region") or None,
        location,
    )


def _check_project(text: str) -> str:
    # Room for "-<environment>-web-<number>" within the 63 octets of a node's name.
    if len(text) > 32:  # noqa: PLR2004 - as the comment says
        raise ValueError(f"'{text[:64]}' is longer than 32 characters")
    return _check_label(text)


def _check_environment(text: str) -> str:
    if len(text) > 16:  # noqa: PLR2004 - as for projects
        raise ValueError(f"'{text[:64]}' is longer than 16 characters")
    return _check_label(text)


def _check_label(text: str) -> str:
    try:
        return check_label(text)
    except ValueError as error:
        raise ValueError(f"{text[:64]!r} {error}") from None


def _check_count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text[:64]!r} is not a whole number from 0 to {MOST_SERVERS}")
    if len(text) > 6 or int(text) > MOST_SERVERS:  # noqa: PLR2004 - int() of a huge text is slow
        raise ValueError(f"{text[:64]} is more than {MOST_SERVERS}")
    return int(text)


def _check_region(text: str) -> str:
    return _check_label(text) if text else text


_CHECKS: Mapping[str, Callable[[str], object]] = {
    "Project": _check_project,
    "Servers": _check_count,
    "MasterSpec": check_spec,
    "WebSpec": check_spec,
    "Environment": _check_environment,
    "Region": _check_region,
}

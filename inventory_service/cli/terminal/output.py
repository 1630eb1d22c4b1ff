# SPDX-License-Identifier: Apache-2.0
"""What `qm` prints: JSON for programs; for people tables that fit the terminal."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich.console import Console, OverflowMethod
from rich.table import Table
from rich.text import Text

from inventory_service.cli.client.invocation import wants_json
from inventory_service.cli.terminal.column_widths import fit_columns
from inventory_service.cli.terminal.text import escape_controls, format_value, width_of

# Wider than any table: what is piped into another program is never cut.
PIPED_WIDTH = 100_000

# A table has 80 columns at least, and names of fields are long.
HEADS = {
    "cluster_id": "cluster",
    "cluster_type": "type",
    "created_at": "created",
    "environment": "env",
    "expires_at": "expires",
    "internal_ip": "address",
    "is_paused": "paused",
    "last_problem": "problem",
    "last_run_id": "last run",
    "mesh_port": "port",
    "mesh_prefix": "mesh",
    "next_at": "next",
    "node_id": "node",
    "node_type": "type",
    "requested_by": "by",
    "launch_role": "role",
    "retired_at": "retired",
    "revoked_at": "revoked",
    "time_zone": "zone",
    "token_id": "id",
}


def print_items(
    items: Iterable[Mapping[str, Any]], columns: Sequence[str], *, nothing: str
) -> None:
    """Print a JSON array, or a table of some columns; `nothing` is printed where it is empty."""
    rows = list(items)
    if wants_json():
        print_json(rows)
    elif rows:
        print_lines(columns, ([row.get(column) for column in columns] for row in rows))
    else:
        click.echo(nothing, err=True)


def print_item(item: Mapping[str, Any]) -> None:
    """Print one item: a JSON object, or one line a field."""
    if wants_json():
        print_json(item)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for field, value in item.items():
        table.add_row(field, Text(format_value(value)))
    _print(make_console(), table)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table that folds what is too wide; the names in the first column stay whole."""
    console = make_console()
    cells = _cells(columns, rows)
    longest_name = max((width_of(row[0]) for row in cells), default=0)
    table = Table(box=None, pad_edge=False)
    for index, column in enumerate(columns):
        is_whole = index == 0 and longest_name <= console.width // 2
        table.add_column(_head(column), overflow="fold", no_wrap=is_whole)
    _print_rows(console, table, cells)


def print_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table of one line a row, cut with '…'; only a very long name goes on below.

    Columns for which there is no room are left out, and named on standard error.
    """
    console = make_console()
    cells = _cells(columns, rows)
    heads = [_head(column) for column in columns]
    natural = [max(map(width_of, column)) for column in zip(heads, *cells, strict=True)]
    whole = [_is_whole(column) for column in columns]
    widths = fit_columns(natural, console.width, whole)
    table = Table(box=None, pad_edge=False)
    for index, width in widths.items():
        how: OverflowMethod = "ellipsis" if index else "fold"
        table.add_column(heads[index], width=width, overflow=how, no_wrap=index > 0)
    _print_rows(console, table, [[row[index] for index in widths] for row in cells])
    if len(widths) < len(columns):
        left_out = ", ".join(column for index, column in enumerate(columns) if index not in widths)
        click.echo(
            f"No room here for: {escape_controls(left_out)}. Choose with --fields.", err=True
        )


def print_json(value: object) -> None:
    """Print a value as JSON; what could steer a terminal is escaped in it.

    So is what the encoding of the output lacks: JSON has escapes of its own.
    """
    text = escape_controls(json.dumps(value, indent=2, ensure_ascii=False))
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    click.echo(text)


def print_message(message: str) -> None:
    """Print what happened, for a person; with `--json` print nothing."""
    if not wants_json():
        click.echo(escape_controls(message))


def _cells(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[list[str]]:
    return [
        [_short(column, format_value(value)) for column, value in zip(columns, row, strict=True)]
        for row in rows
    ]


def _head(column: str) -> str:
    return format_value(HEADS.get(column, column)).upper()


def _print_rows(console: Console, table: Table, cells: Iterable[Iterable[str]]) -> None:
    for row in cells:
        table.add_row(*map(Text, row))
    _print(console, table)


def _print(console: Console, table: Table) -> None:
    """Print a table; into a pipe without the blanks that fill the last column."""
    if sys.stdout.isatty():
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip(" ") for line in captured.get().split("\n")), nl=False)


def _is_whole(column: str) -> bool:
    """Return whether half of a value is of no use: an address or a time."""
    return column.rsplit("_", maxsplit=1)[-1] in {"at", "ip", "prefix", "seen"}


def _short(column: str, text: str) -> str:
    """Return a time to the second; `qm … show` and `--json` have it whole."""
    return re.sub(r"\.[0-9]+", "", text) if column.rsplit("_", maxsplit=1)[-1] == "at" else text


def make_console(*, piped_width: int = PIPED_WIDTH) -> Console:
    """Return what prints tables and trees, as wide as the terminal or as wide as a pipe may be."""
    return _Console(
        width=None if sys.stdout.isatty() else piped_width,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the program, which ends all commands likewise."""
        raise BrokenPipeError

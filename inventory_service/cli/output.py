# SPDX-License-Identifier: Apache-2.0
"""What `qm` prints: JSON for programs; for people tables that fit the terminal."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inventory_service.cli.invocation import wants_json

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
    "mesh_port": "port",
    "mesh_prefix": "mesh",
    "node_id": "node",
    "node_type": "type",
    "retired_at": "retired",
    "revoked_at": "revoked",
    "token_id": "id",
}

# C0, DEL and C1: a stored string must not move the cursor or colour somebody's terminal.
CONTROL_CHARACTERS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F))
VISIBLE = {code: json.dumps(chr(code))[1:-1] for code in CONTROL_CHARACTERS} | {
    code: f"\\x{code:02x}" for code in range(0x7F, 0xA0)
}


def print_items(
    items: Iterable[Mapping[str, Any]], columns: Sequence[str], *, nothing: str
) -> None:
    """Print a JSON array, or a table of some columns; `nothing` is said where it is empty."""
    rows = list(items)
    if wants_json():
        print_json(rows)
    elif rows:
        print_table(columns, ([row.get(column) for column in columns] for row in rows))
    else:
        click.echo(nothing, err=True)


def print_item(item: Mapping[str, Any]) -> None:
    """Print one thing: a JSON object, or one line a field."""
    if wants_json():
        print_json(item)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for field, value in item.items():
        table.add_row(field, Text(shown(value)))
    _console().print(table)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table that folds what is too wide; the names in the first column stay whole."""
    console = _console()
    cells = [
        [_short(column, shown(value)) for column, value in zip(columns, row, strict=True)]
        for row in rows
    ]
    longest_name = max((len(row[0]) for row in cells), default=0)
    table = Table(box=None, pad_edge=False)
    for index, column in enumerate(columns):
        is_whole = index == 0 and longest_name <= console.width // 2
        table.add_column(HEADS.get(column, column).upper(), overflow="fold", no_wrap=is_whole)
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def say(message: str) -> None:
    """Tell a person what happened; silent for programs, which read the JSON."""
    if not wants_json():
        click.echo(message)


def shown(value: object) -> str:
    """Return a value as one line of text, with control characters made visible."""
    if value is None or value in ({}, []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{shown(key)}={shown(held)}" for key, held in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(shown(held) for held in value)
    return str(value).translate(VISIBLE)


def _short(column: str, text: str) -> str:
    """Return a time to the second; `qm … show` and `--json` have it whole."""
    return re.sub(r"\.[0-9]+", "", text) if column.rsplit("_", maxsplit=1)[-1] == "at" else text


def _console() -> Console:
    is_terminal = sys.stdout.isatty()
    return Console(
        width=None if is_terminal else PIPED_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )

# SPDX-License-Identifier: Apache-2.0
"""`qm database`: copies of the whole database; they run beside it, not over HTTP."""

from pathlib import Path

import click

from inventory_service.cli.admin.settings import map_errors, read_settings
from inventory_service.cli.client.invocation import json_option
from inventory_service.cli.terminal.output import print_item
from inventory_service.core.database.backup import back_up, transfer
from inventory_service.database import open_database


@click.group()
def database() -> None:
    """Back up the database, or copy it into another one."""


@database.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def backup(file: Path) -> None:
    """Write the SQLite database to FILE, a new one, while the service goes on."""
    with map_errors():
        back_up(read_settings().database_url, file)
    print_item({"file": str(file), "size_bytes": file.stat().st_size})


@database.command()
@click.option("--to", "target", metavar="URL", required=True, help="An empty database.")
@json_option
def copy(target: str) -> None:
    """Copy QM_DATABASE_URL into an empty database of either kind: all of it, or nothing.

    Stop the service before: what is written during the copy is not in it.
    """
    with map_errors():
        source = open_database(read_settings())
        try:
            counts = transfer(source, target, _show_progress)
        finally:
            source.engine.dispose()
    print_item(counts)


def _show_progress(table: str, done: int, wanted: int) -> None:
    click.echo(f"{table}: {done} of {wanted}", err=True)

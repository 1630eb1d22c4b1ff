# SPDX-License-Identifier: Apache-2.0
"""Copies of a whole database: into a file while others write, and into another database."""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Table, delete, func, insert, inspect, make_url, select, text

from inventory_service.core.database.base import Base
from inventory_service.core.database.engine import LOCK_TIMEOUT_S, Database, open_engine
from inventory_service.core.database.schema import NEWEST, read_schema, upgrade_on
from inventory_service.core.errors import Conflict

_ROWS_AT_ONCE = 1000

#: Receives a table's name, how many of its rows are copied, and how many there are in all.
ProgressCallback = Callable[[str, int, int], None]


def back_up(database_url: str, file: Path) -> None:
    """Write a consistent copy of an SQLite database to a new file; writers go on meanwhile.

    The file is readable by its owner only, and is there as a whole or not at all.

    :raises Conflict: the database is not SQLite, is missing or damaged, or the file exists.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        raise Conflict(
            "Only SQLite is backed up by this. For PostgreSQL run "
            "`pg_dump --format=custom --file=FILE DATABASE`."
        )
    if not url.database or not Path(url.database).exists():
        raise Conflict(f"There is no database {url.database}. Is QM_DATABASE_URL the service's?")
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _copy_pages(Path(url.database), partial)
        os.link(partial, file)
    except FileExistsError:
        raise Conflict(f"{file} is there already. Name a new file.") from None
    finally:
        partial.unlink()


def transfer(source: Database, target_url: str, progress: ProgressCallback) -> dict[str, int]:
    """Copy a database into an empty one, in one transaction; return the number of rows by table.

    An interrupted copy leaves the target empty.

    :raises Conflict: the source has another schema than this version, or the target has tables.
    """
    target = open_engine(target_url)
    try:
        schema = read_schema(source.engine)
        if not schema.is_current:
            raise Conflict(f"The source: {schema.explain()}")
        writing = target.execution_options(qm_writes=True)
        with source.reading() as session, writing.begin() as connection:
            if inspect(connection).get_table_names():
                raise Conflict(
                    "The target has tables already. Name a database that is new and empty."
                )
            upgrade_on(connection, NEWEST)
            return _copy_tables(session.connection(), connection, progress)
    finally:
        target.dispose()


def _copy_pages(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source, timeout=LOCK_TIMEOUT_S)) as reader,
        contextlib.closing(sqlite3.connect(target)) as writer,
    ):
        # All pages at once: in steps it would begin anew whenever somebody writes between two.
        reader.backup(writer, pages=-1)
        # The backup must be one file: without a log beside it that a move could leave behind.
        writer.execute("PRAGMA journal_mode=DELETE")
        (verdict,) = writer.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise Conflict(f"The database is damaged: {verdict}. Restore an earlier backup.")


def _copy_tables(
    source: Connection, target: Connection, progress: ProgressCallback
) -> dict[str, int]:
    tables = Base.metadata.sorted_tables  # all of them, since the migration imported all models
    # Rows that the migrations insert come from the source as well.
    for table in reversed(tables):
        target.execute(delete(table))
    counts = {table.name: _copy_table(source, target, table, progress) for table in tables}
    if target.dialect.name == "postgresql":
        for table in tables:
            _set_sequence(target, table)
    return counts


def _copy_table(
    source: Connection, target: Connection, table: Table, progress: ProgressCallback
) -> int:
    wanted = source.execute(select(func.count()).select_from(table)).scalar_one()
    done = 0
    for rows in source.execute(select(table)).mappings().partitions(_ROWS_AT_ONCE):
        target.execute(insert(table), [dict(row) for row in rows])
        done += len(rows)
        progress(table.name, done, wanted)
    found = target.execute(select(func.count()).select_from(table)).scalar_one()
    if found != wanted:
        raise Conflict(f"Of {wanted} rows of {table.name}, {found} arrived. Nothing was kept.")
    return found


def _set_sequence(target: Connection, table: Table) -> None:
    """Set the sequence of the table's id, if it has one, to follow the copied rows."""
    column = table.autoincrement_column
    if column is not None:
        target.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"),
            {
                "table": table.name,
                "column": column.name,
                "last": target.execute(select(func.max(column))).scalar_one(),
            },
        )

# SPDX-License-Identifier: Apache-2.0
"""Temporary copies of all tables, which hide the real ones: to write to them locks nothing.

Both databases look a name up among a connection's temporary tables first: SQLite as "Object
Resolution" in https://www.sqlite.org/lang_naming.html has it, PostgreSQL because ``pg_temp`` is the
first schema of its search path.
"""

from collections.abc import Iterator

from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from inventory_service.core.database.base import IS_HISTORY, Base


def hide_tables(session: Session) -> None:
    """Hide each table behind a temporary copy, until the session's transaction is rolled back.

    The copy of a table that is history begins without rows.
    """
    list_statements = (
        _list_sqlite if session.get_bind().dialect.name == "sqlite" else _list_postgresql
    )
    # All real tables are looked up before the first one is hidden.
    for statement in [*list_statements(session)]:
        session.execute(text(statement))


def _list_sqlite(session: Session) -> Iterator[str]:
    query = text("SELECT tbl_name, type, sql FROM main.sqlite_master WHERE sql IS NOT NULL")
    found = session.execute(query).all()
    for table in Base.metadata.sorted_tables:
        parts = [(row.type, row.sql) for row in found if row.tbl_name == table.name]
        for sql in (sql for kind, sql in parts if kind == "table"):
            yield sql.replace("CREATE TABLE", "CREATE TEMP TABLE", 1)
        yield from _list_copies(table, f"temp.{table.name}", f"main.{table.name}")
        # SQLite makes them on the temporary table, since an index has no schema of its own.
        yield from (sql for kind, sql in parts if kind == "index")


def _list_postgresql(session: Session) -> Iterator[str]:
    schema = session.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    for table in Base.metadata.sorted_tables:
        real = f"{schema}.{table.name}"
        yield f"CREATE TEMP TABLE {table.name} (LIKE {real} INCLUDING ALL) ON COMMIT DROP"
        yield from _list_copies(table, f"pg_temp.{table.name}", real)
    # A statement that the connection has prepared before would still go to the real table.
    yield "DISCARD PLANS"


def _list_copies(table: Table, temporary: str, real: str) -> Iterator[str]:
    if not table.info.get(IS_HISTORY):
        yield f"INSERT INTO {temporary} SELECT * FROM {real}"  # noqa: S608 - names of our own tables

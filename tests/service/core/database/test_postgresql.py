# SPDX-License-Identifier: Apache-2.0
"""Connections to PostgreSQL wait for an answer only so long, and speak UTC."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, create_engine, text

from inventory_service.core.database import postgresql
from tests.service.postgres import TABLES, TEMPLATE, Postgres


@pytest.fixture
def engine(server: Postgres) -> Iterator[Engine]:
    name = f"bounded_{uuid.uuid4().hex}"
    engine = create_engine(server.create(name))
    # A total of 0.2 s, so that the tests do not wait for the margin.
    postgresql.bound(engine, lock_timeout_s=0.2 - postgresql.MARGIN_S)
    yield engine
    engine.dispose()
    server.drop(name)


def test_a_statement_without_an_answer_in_time_closes_the_connection(engine: Engine) -> None:
    raw = engine.raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, postgresql.BoundedConnection)
    with pytest.raises(postgresql.Silence, match="no answer within"):
        connection.execute("SELECT pg_sleep(30)")
    assert connection.closed
    raw.invalidate()


def test_an_error_of_the_server_is_not_taken_for_silence(engine: Engine) -> None:
    raw = engine.raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, postgresql.BoundedConnection)
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("SELECT 1 / 0")
    connection.rollback()
    assert connection.execute("SELECT 1").fetchone() == (1,)
    raw.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "UTC"),
        ("idle_in_transaction_session_timeout", f"{postgresql.IDLE_TIMEOUT_S}s"),
    ],
)
def test_each_connection_has_its_settings(engine: Engine, name: str, value: str) -> None:
    with engine.connect() as connection:
        assert connection.execute(text(f"SHOW {name}")).scalar_one() == value


@pytest.fixture
def copy(server: Postgres) -> Iterator[str]:
    """The name of a copy of the template, as tests get it."""
    name = f"fleet_{uuid.uuid4().hex}"
    server.create(name, template=TEMPLATE)
    yield name
    server.drop(name)


def read_all(server: Postgres, name: str) -> dict[str, list[str]]:
    """Return all rows and the next value of each sequence."""
    with server.connect(name) as connection:
        tables = [table for (table,) in connection.execute(TABLES)]
        rows = sql.SQL("SELECT {0}::text FROM {0}")
        return {
            name: sorted(row for (row,) in connection.execute(rows.format(sql.Identifier(name))))
            for name in (*tables, "pg_sequences")
        }


def test_a_database_of_a_test_is_as_new_for_the_next_one(server: Postgres, copy: str) -> None:
    before = read_all(server, copy)
    with server.connect(copy) as connection:
        project = "INSERT INTO projects (project, created_at, revision) VALUES ('shop', now(), 1)"
        connection.execute(project)
        connection.execute("UPDATE fleet SET revision = 7")
        connection.execute("DELETE FROM environments WHERE environment = 'uat'")
        connection.execute("SELECT nextval(format('%I', sequencename)::regclass) FROM pg_sequences")
    assert read_all(server, copy) != before

    assert server.empty(copy)

    assert read_all(server, copy) == before


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE projects ADD COLUMN more text",
        "ALTER TABLE projects ALTER COLUMN owner SET NOT NULL",
        "DROP TABLE ports CASCADE",
        "CREATE TABLE more (id int)",
        "CREATE INDEX more ON projects (owner)",
        "ALTER TABLE projects ADD CONSTRAINT more CHECK (owner <> '')",
        "DO $$BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET jit = off'; END$$",
    ],
    ids=["column", "null", "table", "new_table", "index", "constraint", "setting"],
)
def test_a_database_whose_shape_a_test_has_changed_is_used_no_more(
    server: Postgres, copy: str, statement: str
) -> None:
    with server.connect(copy) as connection:
        connection.execute(statement)
    assert not server.empty(copy)


def test_a_database_that_a_test_has_removed_is_used_no_more(server: Postgres) -> None:
    assert not server.empty("removed")

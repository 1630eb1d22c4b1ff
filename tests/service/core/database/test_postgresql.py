# SPDX-License-Identifier: Apache-2.0
"""Connections to PostgreSQL wait for an answer only so long, and speak UTC."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text

from inventory_service.core.database import postgresql
from tests.service.postgres import Postgres


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

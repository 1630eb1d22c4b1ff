# SPDX-License-Identifier: Apache-2.0
"""The database: how it is opened, and the two kinds of transaction that doors may begin."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from inventory_service.domain.errors import Conflict, Unavailable

#: How long a writer waits for another one before it answers 503.
LOCK_TIMEOUT_S = 10


class Database:
    """An open database; ``reading`` and ``writing`` are the only ways in."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self._writing = self.engine.execution_options(qm_writes=True)
        # SQLite's transactions see one state anyway; PostgreSQL's do so from this level on.
        self._reading = (
            self.engine
            if self.engine.dialect.name == "sqlite"
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing.

        :raises Unavailable: the database does not answer.
        """
        with _translated(), Session(self._reading, autoflush=False) as session:
            try:
                yield session
            finally:
                session.rollback()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose changes are kept together at its end, or not at all.

        The write lock is taken at once, so that what is read inside can't be overtaken: SQLite's
        deferred transactions would fail at their first write instead (BEGIN IMMEDIATE).

        :raises Unavailable: the database does not answer, or is locked for too long.
        """
        with (
            _translated(),
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            if self.engine.dialect.name != "sqlite":
                session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
                # One writer at a time here too: what is checked can't be overtaken before it is
                # written, and revisions are given out in the order of commits.
                session.execute(text("SELECT revision FROM fleet FOR UPDATE"))
            yield session

    def is_answering(self) -> bool:
        """Tell whether a query is answered now."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except DBAPIError:
            return False
        return True


def open_engine(url: str) -> Engine:
    """Return the engine of a database URL; the folder of a SQLite file is made if missing."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # psycopg 3, also where the URL names no driver.
        parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(parsed, connect_args={"timeout": LOCK_TIMEOUT_S})
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling is switched off: it begins too late, see `writing`.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("qm_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        # The rules are checked before; this is the net under them.
        raise Conflict(
            "What is asked for does not go with what is on record by now. Read it again."
        ) from error
    except DatabaseError as error:
        # The plain class is what SQLite raises for a file that is damaged or no database.
        if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
            raise
        raise Unavailable(
            f"The database does not answer: {error.orig}. The same request may succeed later."
        ) from error

# SPDX-License-Identifier: Apache-2.0
"""An open database with its kinds of transaction: reading, planning and writing."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.orm import Session

from inventory_service.core.database import postgresql
from inventory_service.core.database.availability import (
    Availability,
    OutageCallback,
    explain,
    lacks_schema,
)
from inventory_service.core.database.json_type import write_json
from inventory_service.core.database.sqlite import open_sqlite
from inventory_service.core.database.temporary_tables import hide_tables
from inventory_service.core.database.write_check import make_write_check
from inventory_service.core.errors import Conflict, Unavailable

#: How long a writer waits for another one before it answers 503, where nothing else is set.
LOCK_TIMEOUT_S = 10
#: How many connections to PostgreSQL are kept where their number has no bound.
_POOL_SIZE = 5
#: How long `check_writing` waits for another writer.
_PROBE_TIMEOUT_S = 0.5
#: Errors that are mistakes of ours, unless the schema is another one.
_MISTAKES = (DataError, NotSupportedError, ProgrammingError)
_NEXT_STEP = "Send the same request again later; with an Idempotency-Key it acts only once."


def ignore_change(_kind: str, _reason: str | None) -> None:
    """Report no outage: the caller shows the error itself."""


class Database:
    """An open database; ``reading``, ``planning`` and ``writing`` are the only ways in."""

    def __init__(
        self,
        url: str,
        *,
        lock_timeout_s: float = LOCK_TIMEOUT_S,
        connections: int | None = None,
        on_change: OutageCallback = ignore_change,
    ) -> None:
        self.engine = open_engine(
            url, creates=False, lock_timeout_s=lock_timeout_s, connections=connections
        )
        self._lock_timeout_s = lock_timeout_s
        # SQLite's transactions see one state anyway; PostgreSQL's do so from this level on.
        self._reading = (
            self.engine
            if self.engine.dialect.name == "sqlite"
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._no_reading = Availability("reading", on_change)
        self._no_writing = Availability("writing", on_change)
        self._has_written = False

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing.

        :raises Unavailable: the database does not answer.
        """
        with _translated(self._no_reading), Session(self._reading, autoflush=False) as session:
            try:
                yield session
            finally:
                session.rollback()
        self._no_reading.record_success()

    @contextlib.contextmanager
    def planning(self) -> Iterator[Session]:
        """Give a session whose changes are lost at its end, and hold up no writer meanwhile.

        It sees one state of the database, and writes to temporary copies of the tables.

        :raises Unavailable: the database does not answer.
        """
        with self.reading() as session:
            hide_tables(session)
            session.autoflush = True
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose changes are committed together at its end, or not at all.

        The write lock is taken at once, so that what is read inside can't be overtaken: SQLite's
        deferred transactions would fail at their first write instead (BEGIN IMMEDIATE).

        :raises Unavailable: the database does not answer, takes no changes, or is locked for
            too long.
        """
        with self._changing(self._lock_timeout_s) as session:
            yield session
        if self._no_writing.reason is None:
            self._has_written = True
        else:
            # A small change was kept; that does not prove that a larger one would be.
            with contextlib.suppress(Unavailable):
                self.check_writing()

    def check_writing(self) -> None:
        """Check by a write that the database takes changes; skipped while that is known.

        :raises Unavailable: it takes none.
        """
        if self._has_written and self._no_writing.reason is None:
            return
        for statement in make_write_check():
            with self._changing(_PROBE_TIMEOUT_S) as session:
                session.execute(statement)
        self._has_written = True
        self._no_writing.record_success()

    @contextlib.contextmanager
    def _changing(self, lock_timeout_s: float) -> Iterator[Session]:
        engine = self.engine.execution_options(qm_writes=True, qm_lock_timeout_s=lock_timeout_s)
        with (
            _translated(self._no_writing),
            Session(engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            if self.engine.dialect.name != "sqlite":
                wait_ms = round(lock_timeout_s * 1000)
                session.execute(text(f"SET LOCAL lock_timeout = '{wait_ms}ms'"))
                # One writer at a time here too: what is checked can't be overtaken before it is
                # written, and revisions are given out in the order of commits.
                session.execute(text("SELECT revision FROM fleet FOR UPDATE"))
            yield session


def open_engine(
    url: str,
    *,
    creates: bool = True,
    lock_timeout_s: float = LOCK_TIMEOUT_S,
    connections: int | None = None,
) -> Engine:
    """Return the engine of a database URL; creates a missing SQLite file and its folder.

    ``connections`` is how many to PostgreSQL there are at most; None for any number.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return open_sqlite(parsed, creates=creates, lock_timeout_s=lock_timeout_s)
    # psycopg 3, also where the URL names no driver.
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        # Who finds all of them in use waits for one: a role may open only so many.
        pool_size=connections or _POOL_SIZE,
        max_overflow=0 if connections else -1,
        pool_timeout=lock_timeout_s,
        json_serializer=write_json,
        # Errors are logged, and parameters hold the secrets among the variables.
        hide_parameters=True,
    )
    postgresql.bound(engine, lock_timeout_s=lock_timeout_s)
    return engine


@contextlib.contextmanager
def _translated(outage: Availability) -> Iterator[None]:
    if outage.is_backing_off():
        raise Unavailable(f"{outage.reason} {_NEXT_STEP}")
    try:
        yield
    except NoFreeConnection as error:
        raise Unavailable(
            "All connections to the database were in use for too long "
            f"(QM_DATABASE_CONNECTIONS). {_NEXT_STEP}"
        ) from error
    except IntegrityError as error:
        # Use cases check the rules first; the constraints catch what they miss.
        raise Conflict(
            "The change conflicts with the current records. Fetch the resource again and retry."
        ) from error
    except DatabaseError as error:
        if isinstance(error, _MISTAKES) and not lacks_schema(error):
            raise
        reason = explain(error)
        outage.record_failure(reason, error)
        raise Unavailable(f"{reason} {_NEXT_STEP}") from error

# SPDX-License-Identifier: Apache-2.0
"""SQLite engines: one writer at a time, and no connection to a file that was moved away."""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from inventory_service.core.database.json_type import read_json, write_json

#: Errors that a connection keeps giving after the file is in order again.
_LASTING = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}
_FILE = "qm_file"


def open_sqlite(url: URL, *, creates: bool, lock_timeout_s: float) -> Engine:
    """Return the engine of a SQLite URL; it creates a missing file only if ``creates`` is set.

    Otherwise an empty file would replace a database that was moved away, and its log would be
    used as the log of the one that is moved back.
    """
    path = get_path(url)
    if path is not None and creates:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # It holds the hashes of tokens; SQLite gives the files beside it the same mode.
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if path is not None and not creates:
        url = url.set(database=path.absolute().as_uri(), query={"mode": "rw", "uri": "true"})
    # No limit of their own: the service's threads bound them.
    limits = {} if path is None else {"max_overflow": -1}
    engine = create_engine(
        url,
        connect_args={"timeout": lock_timeout_s},
        json_serializer=write_json,
        json_deserializer=read_json,
        # Errors are logged, and parameters hold the secrets among the variables.
        hide_parameters=True,
        **limits,
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _mark_lasting)
    if path is not None:
        _follow_file(engine, path)
    return engine


def get_path(url: URL) -> Path | None:
    """Return the file of a URL; None for a database in memory or one named by a URI."""
    name = url.database
    return None if not name or name == ":memory:" or name.startswith("file:") else Path(name)


def _set_pragmas(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling is switched off: it begins too late, see `writing`.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("qm_writes", False):
        wait_s = options.get("qm_lock_timeout_s")
        if wait_s is not None:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={round(wait_s * 1000)}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def _mark_lasting(context: ExceptionContext) -> None:
    """Mark the connection as broken after a lasting error, so that the pool opens new ones.

    SQLite opens a file for reading if it can't write to it, and keeps it so.
    """
    code = getattr(context.original_exception, "sqlite_errorcode", 0) & 0xFF
    if code in _LASTING and context.connection is not None:
        context.is_disconnect = True


def _follow_file(engine: Engine, path: Path) -> None:
    """Discard each connection whose file is no longer the one at the path of the URL.

    Otherwise changes would go into a file that was moved away or replaced by a copy.
    """

    def note(_connection: object, entry: ConnectionPoolEntry) -> None:
        entry.info[_FILE] = _identify(path)

    def check(_connection: object, entry: ConnectionPoolEntry, _proxy: Any) -> None:  # noqa: ANN401 - the signature of SQLAlchemy
        if _identify(path) != entry.info[_FILE]:
            raise DisconnectionError

    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", check)


def _identify(path: Path) -> tuple[int, int] | None:
    """Return device and inode of the file at the path; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

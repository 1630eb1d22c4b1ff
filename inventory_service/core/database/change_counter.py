# SPDX-License-Identifier: Apache-2.0
"""Whether anybody has changed a SQLite file since: asked for far less than a transaction costs."""

import contextlib
import sqlite3
import threading
from pathlib import Path

from sqlalchemy import URL, Engine, event

from inventory_service.core.database.sqlite import get_path, identify

#: A file, a connection to it, and SQLite's count of the commits that others made since.
Mark = tuple[tuple[int, int], int, int]


def watch(url: URL, engine: Engine) -> "Watch | None":
    """Return what sees the commits to a SQLite file until the engine is disposed of."""
    path = get_path(url) if url.get_backend_name() == "sqlite" else None
    if path is None:
        return None
    seen = Watch(path)
    event.listen(engine, "engine_disposed", lambda _engine: seen.close())
    return seen


class Watch:
    """Sees each commit to a file, whichever process made it, by a connection that makes none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._opened = 0

    def get_mark(self) -> Mark | None:
        """Return what differs from all marks before, if something was committed since.

        None where the file can't be asked; whoever opens a transaction learns why.
        """
        with self._lock, contextlib.suppress(sqlite3.Error):
            file = identify(self._path)
            if file is None:
                return None
            if file != self._file or self._connection is None:
                self._open(file)
            return file, self._opened, self._read_version()
        return None

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._close()

    def _open(self, file: tuple[int, int]) -> None:
        self._close()
        # Each connection begins to count anew.
        self._opened += 1
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, timeout=0, check_same_thread=False)
        self._file = file

    def _read_version(self) -> int:
        assert self._connection is not None  # noqa: S101 - the caller's condition
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = self._file = None

# SPDX-License-Identifier: Apache-2.0
"""Outages of the database: their reason, and one report at the beginning and one at the end."""

import sqlite3
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from inventory_service.core.database.postgresql import Silence

#: Receives the kind of work, and the reason when an outage begins or None when it ends.
OutageCallback = Callable[[str, str | None], None]
#: How long requests are refused at once after the database did not answer one in time.
SILENCE_S = 2.0

#: Reasons for the users of the API, by SQLite's result code or PostgreSQL's SQLSTATE.
_REASONS: dict[int | str, str] = {
    sqlite3.SQLITE_BUSY: "Another writer holds the database for too long.",
    "55P03": "Another writer holds the database for too long.",
    sqlite3.SQLITE_READONLY: "The database can only be read now.",
    "25006": "The database can only be read now.",
    sqlite3.SQLITE_FULL: "The disk of the database is full.",
    "53100": "The disk of the database is full.",
}
#: PostgreSQL's SQLSTATE of a table and of a column that is not there.
_MISSING = frozenset({"42P01", "42703"})


def lacks_schema(error: DBAPIError) -> bool:
    """Return whether a table or column is missing: the database was migrated to another schema."""
    origin = error.orig
    if isinstance(origin, sqlite3.OperationalError):
        return str(origin).startswith(("no such table", "no such column")) or (
            " has no column named " in str(origin)
        )
    return getattr(origin, "sqlstate", None) in _MISSING


def explain(error: DBAPIError) -> str:
    """Return why a statement failed, without address, path or statement."""
    if lacks_schema(error):
        return "The database has another schema than this version needs."
    origin = error.orig
    # SQLite's extended codes hold the plain one in their lowest byte.
    code = getattr(origin, "sqlite_errorcode", 0) & 0xFF or getattr(origin, "sqlstate", None)
    return _REASONS.get(code or 0, "The database does not answer.")


class Availability:
    """The current state of one kind of work, reading or writing."""

    def __init__(self, kind: str, on_change: OutageCallback) -> None:
        self.kind = kind
        #: Why the last attempt failed; None if it succeeded.
        self.reason: str | None = None
        self._on_change = on_change
        self._silent_until = 0.0

    def record_failure(self, reason: str, error: DBAPIError) -> None:
        """Record a failed attempt; only the first one of an outage is reported."""
        if isinstance(error.orig, Silence):
            self._silent_until = time.monotonic() + SILENCE_S
        if self.reason is None:
            self._on_change(self.kind, f"{reason} ({error.orig})")
        self.reason = reason

    def record_success(self) -> None:
        """Record a successful attempt, which ends the outage."""
        if self.reason is not None:
            self.reason = None
            self._on_change(self.kind, None)

    def is_backing_off(self) -> bool:
        """Return whether an attempt timed out less than ``SILENCE_S`` ago."""
        return time.monotonic() < self._silent_until

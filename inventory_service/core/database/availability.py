# SPDX-License-Identifier: Apache-2.0
"""Times in which the database takes no work: why, since when, and told once each way."""

import sqlite3
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from inventory_service.core.database.postgresql import Silence

#: Told with the kind of work and the reason when an outage begins, without reason when it ends.
OutageCallback = Callable[[str, str | None], None]
#: For how long nobody else waits for a database that was silent just now.
SILENCE_S = 2.0

#: What people are told, by SQLite's result code or PostgreSQL's SQLSTATE.
_REASONS: dict[int | str, str] = {
    sqlite3.SQLITE_BUSY: "Another writer holds the database for too long.",
    "55P03": "Another writer holds the database for too long.",
    sqlite3.SQLITE_READONLY: "The database can only be read now.",
    "25006": "The database can only be read now.",
    sqlite3.SQLITE_FULL: "The disk of the database is full.",
    "53100": "The disk of the database is full.",
}


def explain(error: DBAPIError) -> str:
    """Return why the database did not do what was asked; no address, no path, no statement."""
    origin = error.orig
    # SQLite's extended codes hold the plain one in their lowest byte.
    code = getattr(origin, "sqlite_errorcode", 0) & 0xFF or getattr(origin, "sqlstate", None)
    return _REASONS.get(code or 0, "The database does not answer.")


class Availability:
    """Whether one kind of work, reading or writing, fails at present."""

    def __init__(self, kind: str, tell: OutageCallback) -> None:
        self.kind = kind
        #: Why the work failed when it was tried last; None while it succeeds.
        self.reason: str | None = None
        self._tell = tell
        self._silent_until = 0.0

    def note_failure(self, reason: str, error: DBAPIError) -> None:
        """Note that the work failed; only the first failure is told."""
        if isinstance(error.orig, Silence):
            self._silent_until = time.monotonic() + SILENCE_S
        if self.reason is None:
            self._tell(self.kind, f"{reason} ({error.orig})")
        self.reason = reason

    def note_success(self) -> None:
        """Note that the work succeeded, which ends the outage."""
        if self.reason is not None:
            self.reason = None
            self._tell(self.kind, None)

    def is_backing_off(self) -> bool:
        """Return whether somebody waited in vain a moment ago, so that the next one need not."""
        return time.monotonic() < self._silent_until

# SPDX-License-Identifier: Apache-2.0
"""Outages are reported at their beginning and end, with a reason fit for strangers."""

import sqlite3
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from inventory_service.core.database.availability import SILENCE_S, Availability, explain
from inventory_service.core.database.postgresql import Silence


def wrap(origin: Exception) -> DBAPIError:
    return DBAPIError("SELECT secret", {}, origin)


def sqlite_error(code: int) -> DBAPIError:
    error = sqlite3.OperationalError("unable to open /var/lib/fleet.sqlite")
    error.sqlite_errorcode = code
    return wrap(error)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (sqlite_error(sqlite3.SQLITE_BUSY), "Another writer holds"),
        (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), "Another writer holds"),
        (sqlite_error(sqlite3.SQLITE_READONLY_DBMOVED), "can only be read"),
        (sqlite_error(sqlite3.SQLITE_FULL), "disk of the database is full"),
        (sqlite_error(sqlite3.SQLITE_CANTOPEN), "does not answer"),
        (wrap(psycopg.errors.LockNotAvailable("x")), "Another writer holds"),
        (wrap(psycopg.errors.ReadOnlySqlTransaction("x")), "can only be read"),
        (wrap(psycopg.errors.DiskFull("x")), "disk of the database is full"),
        (wrap(sqlite3.OperationalError("no such table: nodes")), "has another schema"),
        (wrap(sqlite3.OperationalError("no such column: nodes.vars")), "has another schema"),
        (
            wrap(sqlite3.OperationalError("table nodes has no column named vars")),
            "has another schema",
        ),
        (wrap(psycopg.errors.UndefinedTable("nodes")), "has another schema"),
        (wrap(psycopg.errors.UndefinedColumn("vars")), "has another schema"),
        (wrap(psycopg.OperationalError("host 10.0.0.1 is gone")), "does not answer"),
    ],
)
def test_each_error_has_a_reason_without_its_details(error: DBAPIError, reason: str) -> None:
    text = explain(error)
    assert reason in text
    assert not any(detail in text for detail in ("SELECT", "/var", "10.0.0.1"))


@pytest.fixture
def changes() -> list[tuple[str, str | None]]:
    return []


@pytest.fixture
def writing(changes: list[tuple[str, str | None]]) -> Availability:
    return Availability("writing", lambda kind, reason: changes.append((kind, reason)))


def test_an_outage_is_reported_once_at_its_beginning_and_once_at_its_end(
    writing: Availability, changes: list[tuple[str, str | None]]
) -> None:
    writing.record_success()
    assert changes == []
    writing.record_failure("The disk is full.", sqlite_error(sqlite3.SQLITE_FULL))
    writing.record_failure("It is silent.", sqlite_error(sqlite3.SQLITE_BUSY))
    assert writing.reason == "It is silent."
    assert [kind for kind, _ in changes] == ["writing"]
    assert changes[0][1] == "The disk is full. (unable to open /var/lib/fleet.sqlite)"
    writing.record_success()
    writing.record_success()
    assert writing.reason is None
    assert changes[1:] == [("writing", None)]


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A way to let seconds pass on the clock."""
    now = [1000.0]
    monkeypatch.setattr(
        "inventory_service.core.database.availability.time.monotonic", lambda: now[0]
    )

    def advance(seconds: float) -> None:
        now[0] += seconds

    return advance


def test_after_a_timeout_requests_are_refused_at_once_for_a_moment(
    writing: Availability, pass_time: Callable[[float], None]
) -> None:
    assert not writing.is_backing_off()
    writing.record_failure("It is silent.", wrap(Silence("no answer within 15 s")))
    pass_time(SILENCE_S - 0.1)
    assert writing.is_backing_off()
    pass_time(0.1)
    assert not writing.is_backing_off()


def test_an_error_that_came_at_once_is_tried_again_at_once(
    writing: Availability, pass_time: Callable[[float], None]
) -> None:
    writing.record_failure("The disk is full.", sqlite_error(sqlite3.SQLITE_FULL))
    pass_time(0)
    assert not writing.is_backing_off()

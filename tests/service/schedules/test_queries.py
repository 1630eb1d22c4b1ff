# SPDX-License-Identifier: Apache-2.0
"""The cheap read of a worker's turn finds what the transaction after it would act on."""

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.schedules.queries import has_due, list_due
from tests.service.schedule_rows import Schedules, moment

EVENING = "2027-01-01 20:00"


@pytest.fixture
def schedules(store: Database) -> Schedules:
    found = Schedules(store)
    found.add_template()
    return found


def due(store: Database, now: str) -> list[str]:
    """Return the names of what is due, once both reads agree on it."""
    with store.reading() as session:
        names = [one.schedule for one in list_due(session, moment(now))]
        assert has_due(session, moment(now)) == bool(names)
        return names


def test_without_schedules_nothing_is_due(store: Database) -> None:
    assert due(store, EVENING) == []


def test_the_longest_due_comes_first(schedules: Schedules, store: Database) -> None:
    schedules.add(EVENING, "a", cron="0 4 * * *")
    schedules.add(EVENING, "b", cron="0 3 * * *")
    schedules.add(EVENING, "c", is_paused=True)
    assert due(store, "2027-01-02 02:59:59") == []
    assert due(store, "2027-01-02 03:00") == ["b"]
    assert due(store, "2027-01-02 04:00") == ["b", "a"]


def test_what_a_clock_planned_that_was_an_hour_ahead_is_looked_at(
    schedules: Schedules, store: Database
) -> None:
    schedules.add(EVENING)
    schedules.add(EVENING, "paused", is_paused=True)
    assert due(store, "2027-01-01 19:00") == []
    assert due(store, "2027-01-01 18:59:59") == ["nightly"]

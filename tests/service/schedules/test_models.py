# SPDX-License-Identifier: Apache-2.0
"""A schedule keeps what it orders, when, and what became of it, and leaves records."""

import pytest
from sqlalchemy import select

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import get_entry, retire_entry
from inventory_service.schedules.models import Schedule
from tests.service.schedule_rows import ADMIN, Schedules, moment

EVENING = "2027-01-01 20:00"


@pytest.fixture
def schedules(store: Database) -> Schedules:
    found = Schedules(store)
    found.add_template()
    return found


def test_each_act_on_a_schedule_is_on_record(schedules: Schedules, store: Database) -> None:
    schedules.add(EVENING)
    schedules.change(EVENING, is_paused=True, reason="holidays")
    with store.writing() as session:
        retire_entry(session, ADMIN, Schedule, "nightly", RetirementRequest(reason="done"))
    with store.reading() as session:
        query = select(AuditRecord).where(AuditRecord.noun == "schedule")
        records = session.scalars(query.order_by(AuditRecord.id)).all()
        assert [(one.action, one.actor, one.reason) for one in records] == [
            ("register", "ada", None),
            ("change", "ada", "holidays"),
            ("retire", "root", "done"),
        ]
        assert records[0].after is not None
        assert records[0].after["scope"] == "operator"
        assert records[1].before == {"is_paused": False}


def test_a_retired_one_has_no_next_firing(schedules: Schedules, store: Database) -> None:
    schedules.add(EVENING)
    with store.writing() as session:
        retire_entry(session, ADMIN, Schedule, "nightly", RetirementRequest())
    assert schedules.get()["next_at"] is None


def test_it_is_due_from_its_moment_on(schedules: Schedules, store: Database) -> None:
    schedules.add(EVENING)
    with store.reading() as session:
        found = get_entry(session, Schedule, "nightly")
        assert not found.is_due(moment("2027-01-02 01:59:59"))
        assert found.is_due(moment("2027-01-02 02:00"))
        assert found.is_missed(moment("2027-01-02 02:06"))


def test_who_made_it_acts_by_its_name(schedules: Schedules, store: Database) -> None:
    schedules.add(EVENING, "a" * 54)
    with store.writing() as session:
        found = get_entry(session, Schedule, "a" * 54)
        assert (found.account, found.scope) == ("ada", "operator")
        assert found.token == f"schedule-{'a' * 54}"
        # As many have the columns of the audit.
        assert len(found.token) == 63
        found.authorize(ADMIN)
        assert (found.account, found.scope) == ("root", "admin")

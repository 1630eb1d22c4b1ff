# SPDX-License-Identifier: Apache-2.0
"""A schedule is checked as an order when it is registered and when what it orders is changed."""

from typing import Any

import pytest
from sqlalchemy import select

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, Forbidden, NotFound, ServiceError
from inventory_service.core.redaction import HIDDEN
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import get_entry, retire_entry
from inventory_service.runs.models.templates import Template
from inventory_service.schedules.domain.schedules import ScheduleRegistration
from inventory_service.schedules.models import Schedule
from inventory_service.schedules.usecases.firings import make_order
from inventory_service.schedules.usecases.schedules import register_schedule
from tests.service.schedule_rows import ADMIN, OPERATOR, Schedules, moment

NOW = "2027-01-01 20:00"


@pytest.fixture
def schedules(store: Database) -> Schedules:
    found = Schedules(store)
    found.add_template()
    return found


def test_a_schedule_is_kept_with_all_that_was_chosen_and_planned(
    schedules: Schedules, store: Database
) -> None:
    chosen: dict[str, Any] = {
        "description": "Releases at night",
        "limit": "web-1",
        "tags": ["a"],
        "skip_tags": ["b"],
        "check": True,
        "diff": True,
        "answers": {"version": "1"},
        "cron": "30 3 * * mon-fri",
        "time_zone": "Europe/Berlin",
        "catch_up": "last",
    }
    found = schedules.add(NOW, **chosen)
    assert chosen.items() <= found.items()
    assert (found["next_at"], found["scope"]) == (moment("2027-01-04 02:30"), "operator")
    assert (found["last_at"], found["last_run_id"], found["last_problem"]) == (None, None, None)
    with store.reading() as session:
        order = make_order(get_entry(session, Schedule, "nightly"), schedules.sources)
    assert (
        order.model_dump(exclude={"template", "reason", "plan", "slices", "force_slices"}).items()
        <= chosen.items()
    )


@pytest.mark.parametrize(
    ("fields", "kind", "field"),
    [
        ({"template": "none"}, BadInput, "template"),
        ({"limit": "db-*"}, BadInput, "limit"),
        ({"limit": "-l"}, BadInput, "limit"),
        ({"answers": {"nothing": 1}}, BadInput, "answers.nothing"),
        ({"answers": {"count": "many"}}, BadInput, "answers.count"),
        ({"cron": None}, BadInput, "cron"),
        ({"at": "2026-01-01T00:00:00Z"}, BadInput, "at"),
        ({"at": "2027-01-01T20:00:00Z"}, BadInput, "at"),
        ({"template": "release"}, Forbidden, None),
        ({"template": "old"}, Conflict, None),
    ],
)
def test_a_schedule_that_could_not_be_ordered_is_refused(
    schedules: Schedules,
    store: Database,
    fields: dict[str, Any],
    kind: type[ServiceError],
    field: str | None,
) -> None:
    schedules.add_template("release", launch_role="admin")
    schedules.add_template("old")
    with store.writing() as session:
        retire_entry(session, ADMIN, Template, "old", RetirementRequest())
    with pytest.raises(kind) as refusal:
        schedules.add(NOW, **fields)
    assert [one.field for one in refusal.value.field_errors] == ([field] if field else [])
    with pytest.raises(NotFound):
        schedules.get()


def test_a_name_is_not_given_again(schedules: Schedules) -> None:
    schedules.add(NOW)
    with pytest.raises(Conflict, match="There is a schedule 'nightly' already"):
        schedules.add(NOW)


def test_a_paused_one_is_planned_when_it_is_resumed(schedules: Schedules) -> None:
    assert schedules.add(NOW, is_paused=True)["next_at"] is None
    later = "2027-02-01 20:00"
    assert schedules.change(later, is_paused=False)["next_at"] == moment("2027-02-02 02:00")


@pytest.mark.parametrize(
    ("change", "next_at"),
    [
        ({"cron": "0 4 * * *"}, "2027-01-02 04:00:00"),
        ({"time_zone": "Asia/Tokyo"}, "2027-01-02 17:00:00"),
        ({"at": "2027-03-01T00:00:00Z"}, "2027-03-01 00:00:00"),
        ({"is_paused": True}, None),
        ({"limit": "web-1"}, "2027-01-02 02:00:00"),
        ({}, "2027-01-02 02:00:00"),
        ({"cron": "0 2 * * *"}, "2027-01-02 02:00:00"),
    ],
)
def test_a_change_plans_anew_only_what_it_moves(
    schedules: Schedules, change: dict[str, Any], next_at: str | None
) -> None:
    schedules.add(NOW)
    schedules.change("2027-01-02 03:00" if "cron" in change or "time_zone" in change else NOW)
    # What is due meanwhile stays due, unless the change moves it.
    schedules.change("2027-01-02 03:00", **change)
    assert schedules.next_at() == next_at


def test_a_change_of_the_line_clears_the_moment_and_back(schedules: Schedules) -> None:
    schedules.add(NOW, at="2027-03-01T00:00:00Z")
    found = schedules.change(NOW, cron="0 5 * * *")
    assert (found["at"], found["cron"]) == (None, "0 5 * * *")
    found = schedules.change(NOW, at="2027-03-01T00:00:00Z")
    assert (found["at"], found["cron"]) == ("2027-03-01T00:00:00Z", None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"limit": "db-1"}, "limit"),
        ({"answers": {"nothing": 1}}, "answers.nothing"),
        ({"cron": None}, "cron"),
        ({"at": "2027-01-01T00:00:00Z"}, "at"),
    ],
)
def test_a_change_that_could_not_be_ordered_is_refused_whole(
    schedules: Schedules, change: dict[str, Any], field: str
) -> None:
    before = schedules.add(NOW)
    with pytest.raises(BadInput) as refusal:
        schedules.change(NOW, **change)
    assert [one.field for one in refusal.value.field_errors] == [field]
    assert schedules.get() == before


def test_a_past_one_off_is_resumed_with_a_new_moment_only(schedules: Schedules) -> None:
    schedules.add(NOW, at="2027-01-02T00:00:00Z", is_paused=True)
    with pytest.raises(BadInput, match="2027-01-02T00:00:00Z is past"):
        schedules.change("2027-01-03 00:00", is_paused=False)
    change = {"is_paused": False, "at": "2027-01-04T00:00:00Z"}
    assert schedules.change("2027-01-03 00:00", **change)["next_at"] == moment("2027-01-04 00:00")


def test_who_changes_what_it_orders_gives_it_their_scope(schedules: Schedules) -> None:
    schedules.add(NOW, actor=ADMIN)
    assert schedules.change(NOW, limit="web-1", actor=OPERATOR)["scope"] == "operator"
    assert schedules.change(NOW, limit="web-2", actor=ADMIN)["scope"] == "admin"
    assert schedules.change(NOW, is_paused=True, actor=OPERATOR)["scope"] == "admin"
    assert schedules.change(NOW, description="x", actor=OPERATOR)["scope"] == "admin"
    # It is what it was: nothing changes.
    assert schedules.change(NOW, limit="web-2", actor=OPERATOR)["scope"] == "admin"
    assert schedules.change(NOW, is_paused=False, actor=OPERATOR)["scope"] == "operator"


@pytest.mark.parametrize(
    "change", [{"limit": "web-1"}, {"cron": "0 3 * * *"}, {"is_paused": False}]
)
def test_only_who_may_order_its_runs_changes_or_resumes_it(
    schedules: Schedules, change: dict[str, Any]
) -> None:
    schedules.add_template("release", launch_role="admin")
    schedules.add(NOW, template="release", actor=ADMIN, is_paused="is_paused" in change)
    with pytest.raises(Forbidden):
        schedules.change(NOW, actor=OPERATOR, **change)


def test_it_is_paused_and_described_whatever_became_of_its_template(
    schedules: Schedules, store: Database
) -> None:
    schedules.add(NOW)
    with store.writing() as session:
        retire_entry(session, ADMIN, Template, "deploy", RetirementRequest())
    assert schedules.change(NOW, is_paused=True, description="broken")["is_paused"]
    with pytest.raises(Conflict, match="is retired"):
        schedules.change(NOW, is_paused=False)


def test_a_retired_one_does_not_change(schedules: Schedules, store: Database) -> None:
    schedules.add(NOW)
    with store.writing() as session:
        retire_entry(session, ADMIN, Schedule, "nightly", RetirementRequest())
    with pytest.raises(Conflict, match="is retired"):
        schedules.change(NOW, is_paused=True)


def test_a_refused_registration_leaves_nothing_in_its_transaction(
    schedules: Schedules, store: Database
) -> None:
    wanted = ScheduleRegistration(schedule="a", template="deploy", cron="* * * * *", limit="no")
    with pytest.raises(BadInput), store.writing() as session:
        register_schedule(session, OPERATOR, wanted, sources=schedules.sources, now=moment(NOW))
    with pytest.raises(NotFound):
        schedules.get("a")


def test_a_secret_answer_is_kept_sealed_until_it_is_ordered(
    schedules: Schedules, store: Database
) -> None:
    survey = {"type": "object", "properties": {"pin": {"type": "string", "writeOnly": True}}}
    schedules.add_template("locked", survey=survey)
    found = schedules.add(NOW, template="locked", answers={"pin": "one-sentinel"})
    assert found["answers"] == {"pin": HIDDEN}
    changed = schedules.change(NOW, answers={"pin": "other-sentinel"})
    assert changed["answers"] == {"pin": HIDDEN}
    with store.reading() as session:
        schedule = get_entry(session, Schedule, "nightly")
        assert "sentinel" not in str(schedule.sealed_answers)
        order = make_order(schedule, schedules.sources)
        assert order.answers == {"pin": "other-sentinel"}
        for record in session.scalars(select(AuditRecord)):
            assert "sentinel" not in str((record.before, record.after))
    with pytest.raises(BadInput, match="'pin' is secret"):
        schedules.change(NOW, answers={"pin": HIDDEN})

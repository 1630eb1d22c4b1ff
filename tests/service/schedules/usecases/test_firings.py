# SPDX-License-Identifier: Apache-2.0
"""What is due is ordered once, whoever looks, and whatever happens between; the rest goes on."""

import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from inventory_service.core.actors import Role, Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.identity.domain.accounts import RoleRequest
from inventory_service.identity.usecases.accounts import disable_account, revoke_role
from inventory_service.runs.domain.templates import TemplateChange
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.templates import change_template
from inventory_service.schedules.models import Schedule
from inventory_service.schedules.queries import MOST_DUE
from inventory_service.schedules.usecases.firings import fire_due
from tests.service.schedule_rows import ADMIN, Schedules, moment

EVENING = "2027-01-01 20:00"
DUE = "2027-01-02 02:00"
#: A worker that has ordered the run and planned the next one, when it is killed.
KILLED = """
import os, signal, sys
from inventory_service.core.database.engine import Database
from inventory_service.schedules.usecases.firings import fire_due
from tests.service.schedule_rows import Schedules, moment

store = Database(sys.argv[1])
with store.writing() as session:
    fired = fire_due(session, moment(sys.argv[2]), sources=Schedules(store).sources)
    session.flush()
    print(len(fired), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def schedules(store: Database) -> Schedules:
    found = Schedules(store)
    found.add_template()
    return found


def list_runs(store: Database) -> list[Run]:
    with store.reading() as session:
        found = list(session.scalars(select(Run).order_by(Run.id)))
        session.expunge_all()
        return found


def list_records(store: Database, action: str) -> list[AuditRecord]:
    with store.reading() as session:
        query = select(AuditRecord).where(AuditRecord.action == action).order_by(AuditRecord.id)
        found = list(session.scalars(query))
        session.expunge_all()
        return found


def test_nothing_fires_before_it_is_due(schedules: Schedules, store: Database) -> None:
    schedules.add(EVENING)
    assert schedules.fire("2027-01-02 01:59:59.999") == []
    assert list_runs(store) == []
    assert schedules.next_at() == "2027-01-02 02:00:00"


def test_what_is_due_orders_a_run_with_all_that_was_chosen(
    schedules: Schedules, store: Database
) -> None:
    chosen: dict[str, Any] = {"limit": "web-2", "tags": ["a"], "skip_tags": ["b"]}
    schedules.add(EVENING, **chosen, check=True, diff=True, answers={"version": "1.2"})
    [fired] = schedules.fire("2027-01-02 02:00:00.200")
    [run] = list_runs(store)
    assert (fired.run_id, fired.problem) == (run.id, None)
    assert (run.state, run.template, run.hosts) == ("queued", "deploy", ["web-2"])
    assert (run.requested_by, run.door) == ("ada", "schedule")
    assert run.reason == "schedule nightly, due at 2027-01-02T02:00:00Z"
    assert run.answers == {"version": "1.2", "count": 1}
    expected = {"tags": ["a"], "skip_tags": ["b"], "check": True, "diff": True}
    assert expected.items() <= run.options.items()
    found = schedules.get()
    assert (found["last_at"], found["last_run_id"]) == (moment(DUE), run.id)
    assert (found["last_problem"], found["revision"]) == (None, run.revision)
    assert schedules.next_at() == "2027-01-03 02:00:00"
    [record] = list_records(store, "order")
    assert (record.actor, record.door) == ("ada", "schedule")


def test_it_fires_once_however_often_one_looks(schedules: Schedules, store: Database) -> None:
    schedules.add(EVENING)
    for now in ("2027-01-02 02:00:00", "2027-01-02 02:00:01", "2027-01-02 09:00:00"):
        schedules.fire(now)
    assert len(list_runs(store)) == 1


def test_two_workers_at_once_fire_once(
    schedules: Schedules, store: Database, database_url: str
) -> None:
    schedules.add(EVENING)
    stores = [store, Database(database_url)]
    gate = threading.Barrier(len(stores))
    fired: list[int] = []

    def work(own: Database) -> None:
        gate.wait(10)
        with own.writing() as session:
            fired.append(len(fire_due(session, moment(DUE), sources=schedules.sources)))

    threads = [threading.Thread(target=work, args=(own,)) for own in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stores[1].engine.dispose()
    assert sorted(fired) == [0, 1]
    assert len(list_runs(store)) == 1


def test_a_worker_that_is_killed_before_its_commit_has_fired_nothing(
    schedules: Schedules, store: Database, database_url: str
) -> None:
    schedules.add(EVENING)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, database_url, DUE], check=False, capture_output=True
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"1\n"), done.stderr
    assert list_runs(store) == []
    assert schedules.next_at() == "2027-01-02 02:00:00"
    assert len(schedules.fire("2027-01-02 02:00:30")) == 1
    assert len(list_runs(store)) == 1


@pytest.mark.parametrize(
    ("cron", "now", "next_at"),
    [
        ("0 2 * * *", "2027-01-05 12:00", "2027-01-06 02:00:00"),
        ("0 * * * *", "2027-01-05 12:30", "2027-01-05 13:00:00"),
        ("0 2 2 1 *", "2027-01-05 12:00", "2028-01-02 02:00:00"),
    ],
)
@pytest.mark.parametrize("catch_up", ["none", "last"])
def test_what_was_missed_is_made_up_for_once_or_not_at_all(
    schedules: Schedules, store: Database, *, cron: str, now: str, next_at: str, catch_up: str
) -> None:
    schedules.add(EVENING, cron=cron, catch_up=catch_up)
    [fired] = schedules.fire(now)
    schedules.fire(now)
    assert len(list_runs(store)) == (catch_up == "last")
    assert schedules.next_at() == next_at
    problem = schedules.get()["last_problem"]
    assert fired.problem == problem
    assert (problem is None) == (catch_up == "last")
    assert len(list_records(store, "misfire")) == (catch_up == "none")


@pytest.mark.parametrize(
    ("cron", "now"),
    [
        ("0 2 * * *", "2027-01-02 02:05"),  # a worker was begun anew meanwhile
        ("* * * * *", "2027-01-04 12:00:30"),  # one of many is due and in time
        ("0 2 * * *", "2027-01-04 02:01"),
    ],
)
def test_what_is_in_time_fires_whatever_was_missed_before(
    schedules: Schedules, store: Database, cron: str, now: str
) -> None:
    schedules.add(EVENING, cron=cron)
    schedules.fire(now)
    assert len(list_runs(store)) == 1
    assert schedules.get()["last_problem"] is None


def test_a_clock_that_is_set_back_a_little_fires_nothing_twice(
    schedules: Schedules, store: Database
) -> None:
    schedules.add(EVENING)
    schedules.fire(DUE)
    for now in ("2027-01-02 01:58", "2027-01-02 02:00", "2027-01-02 02:30"):
        assert schedules.fire(now) == []
    assert len(list_runs(store)) == 1
    assert schedules.next_at() == "2027-01-03 02:00:00"


def test_a_clock_that_was_years_ahead_does_not_silence_a_schedule(
    schedules: Schedules, store: Database
) -> None:
    schedules.add(EVENING, catch_up="last")
    schedules.add(EVENING, "paused", is_paused=True)
    schedules.fire("2044-06-01 00:00")
    assert schedules.next_at() == "2044-06-01 02:00:00"
    assert schedules.fire(EVENING) == []
    assert schedules.next_at() == "2027-01-02 02:00:00"
    assert schedules.next_at("paused") is None
    assert len(schedules.fire(DUE)) == 1
    assert len(list_runs(store)) == 2


def test_a_one_off_fires_once_and_ends(schedules: Schedules, store: Database) -> None:
    schedules.add(EVENING, at="2027-01-02T03:00:00+01:00")
    assert schedules.next_at() == "2027-01-02 02:00:00"
    assert len(schedules.fire(DUE)) == 1
    assert schedules.next_at() is None
    assert schedules.fire("2027-01-03 02:00") == []
    assert len(list_runs(store)) == 1


@pytest.mark.parametrize("catch_up", ["none", "last"])
def test_a_one_off_that_was_missed_ends_too(
    schedules: Schedules, store: Database, catch_up: str
) -> None:
    schedules.add(EVENING, at="2027-01-02T02:00:00Z", catch_up=catch_up)
    schedules.fire("2027-01-09 00:00")
    assert len(list_runs(store)) == (catch_up == "last")
    assert schedules.next_at() is None


def test_jitter_is_the_same_each_time(schedules: Schedules) -> None:
    schedules.add(EVENING, jitter_s=3600)
    first = schedules.get()["next_at"]
    delay = first - moment(DUE)
    assert timedelta() < delay <= timedelta(hours=1)
    assert schedules.fire(DUE) == []
    assert len(schedules.fire(f"{first:%Y-%m-%d %H:%M:%S}")) == 1
    assert schedules.get()["next_at"] == first + timedelta(days=1)


def take_rights(schedules: Schedules, how: str) -> None:
    with schedules.store.writing() as session:
        if how == "role":
            for role in (Role.OPERATOR, Role.APPROVER):
                revoke_role(session, ADMIN, "ada", RoleRequest(role=role))
        if how == "disabled":
            disable_account(session, ADMIN, "ada", "left")


def make_impossible(schedules: Schedules, how: str) -> None:
    if how == "no host":
        schedules.hosts.clear()
    if how == "no playbook":
        schedules.playbooks.clear()
    with schedules.store.writing() as session:
        if how == "retired":
            retire_entry(session, ADMIN, Template, "deploy", RetirementRequest(reason="old"))
        if how == "scope":
            change_template(session, ADMIN, "deploy", TemplateChange(launch_role="admin"))
        if how == "question":
            change_template(session, ADMIN, "deploy", TemplateChange(survey=None))
        if how == "long":
            many = {f"question_{number}_{'x' * 90}": {"type": "string"} for number in range(30)}
            survey = {"type": "object", "properties": many}
            change_template(session, ADMIN, "deploy", TemplateChange(survey=survey))
        if how == "rules":
            values = {"tags": ["--become"]}
            session.execute(update(Schedule).values(values))
        if how == "zone":
            session.execute(update(Schedule).values(time_zone="Europe/Atlantis"))


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("no host", "selects nothing"),
        ("no playbook", "There is no playbook"),
        ("retired", "Template 'deploy' is retired"),
        ("scope", "Account 'ada', by token 'schedule-nightly' of the scope operator, has "),
        ("role", "has no role, and runs of 'deploy' need operator"),
        ("disabled", "Account 'ada', for which this acts, is disabled"),
        ("question", "The template has no question 'version'; it has none. answers.version"),
        ("long", "The template has no question 'version'; it has question_0_xxx"),
        ("rules", "tags: "),
    ],
)
def test_what_can_not_be_ordered_is_noted_and_the_schedule_goes_on(
    schedules: Schedules, store: Database, how: str, problem: str
) -> None:
    schedules.add(EVENING, answers={"version": "1"})
    schedules.add(EVENING, "other", template="deploy")
    make_impossible(schedules, how)
    take_rights(schedules, how)
    fired = {one.schedule: one for one in schedules.fire(DUE)}
    found = schedules.get()
    assert problem in found["last_problem"]
    assert fired["nightly"].problem == found["last_problem"]
    assert (found["last_at"], found["last_run_id"]) == (moment(DUE), None)
    assert schedules.next_at() == schedules.next_at("other") == "2027-01-03 02:00:00"
    record = next(one for one in list_records(store, "misfire") if one.subject == "nightly")
    assert (record.actor, record.door, record.noun) == ("ada", "schedule", "schedule")
    assert record.token == "schedule-nightly"
    assert record.after == {"due": "2027-01-02T02:00:00+00:00", "problem": found["last_problem"]}
    assert found["revision"] == record.revision
    if how in {"question", "long"}:
        assert fired["other"].run_id is not None


def test_a_problem_is_gone_with_the_next_run(schedules: Schedules) -> None:
    schedules.add(EVENING)
    schedules.hosts.clear()
    schedules.fire(DUE)
    schedules.hosts.append("web-9")
    [fired] = schedules.fire("2027-01-03 02:00")
    found = schedules.get()
    assert (found["last_problem"], found["last_run_id"]) == (None, fired.run_id)


def test_a_zone_that_the_machine_does_not_know_ends_this_schedule_alone(
    schedules: Schedules,
) -> None:
    schedules.add(EVENING)
    make_impossible(schedules, "zone")
    schedules.add(EVENING, "other")
    schedules.fire(DUE)
    assert schedules.next_at() is None
    assert "knows no time zone 'Europe/Atlantis'" in schedules.get()["last_problem"]
    assert schedules.next_at("other") == "2027-01-03 02:00:00"


@pytest.mark.parametrize("act", ["pause", "retire"])
def test_what_is_paused_or_retired_does_not_fire(
    schedules: Schedules, store: Database, act: str
) -> None:
    schedules.add(EVENING)
    if act == "pause":
        schedules.change(EVENING, is_paused=True)
    else:
        with store.writing() as session:
            retire_entry(session, ADMIN, Schedule, "nightly", RetirementRequest())
    assert schedules.next_at() is None
    assert schedules.fire(DUE) == []
    assert list_runs(store) == []


def test_its_runs_need_the_roles_and_the_scope_of_who_registered_it(
    schedules: Schedules, store: Database
) -> None:
    schedules.add_template("release", launch_role="admin")
    schedules.add(EVENING, template="release", actor=ADMIN)
    found = schedules.get()
    assert (found["account"], found["scope"]) == ("root", Scope.ADMIN)
    [fired] = schedules.fire(DUE)
    assert fired.run_id == list_runs(store)[0].id


def test_a_token_of_a_narrow_scope_bounds_its_schedules_too(schedules: Schedules) -> None:
    schedules.add_template("look", launch_role="viewer")
    schedules.add(EVENING, template="look", actor=replace(ADMIN, scope=Scope.VIEWER))
    schedules.add_template("release", launch_role="admin")
    with schedules.store.writing() as session:
        session.execute(update(Schedule).values(template="release"))
    [fired] = schedules.fire(DUE)
    assert fired.problem is not None
    assert "of the scope viewer, has admin in all projects, and runs" in fired.problem


def test_many_fire_some_at_a_time(schedules: Schedules, store: Database) -> None:
    for number in range(MOST_DUE + 2):
        schedules.add(EVENING, f"many-{number}")
    assert len(schedules.fire(DUE)) == MOST_DUE
    assert len(schedules.fire(DUE)) == 2
    assert schedules.fire(DUE) == []
    assert len(list_runs(store)) == MOST_DUE + 2

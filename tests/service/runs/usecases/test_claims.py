# SPDX-License-Identifier: Apache-2.0
"""A run is one worker's at a time, and one whose supervisor is gone gets a true end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases import claims
from inventory_service.runs.usecases.claims import (
    MOST_ATTEMPTS,
    TakenRun,
    adopt_runs,
    begin_run,
    end_run,
    find_claimed,
    has_changes,
    list_orphans,
    recover_run,
    renew_lease,
    take_runs,
)
from inventory_service.runs.usecases.orders import cancel_run, get_run
from tests.service.run_rows import (
    LEASE,
    NO_LEASE,
    OPERATOR,
    add_template,
    order,
    show,
    start,
)


def is_alive(_supervisor: str) -> bool:
    return True


def is_dead(_supervisor: str) -> bool:
    return False


SILENT = "worker w1 gave no sign of life until 20"
#: For a run of `w1`: the worker that asks, whether the run is begun, its lease, whether its
#: supervisor is seen, and why it is an orphan.
ORPHANS: list[tuple[str, bool, timedelta, Callable[[str], bool], str]] = [
    ("w1", True, LEASE, is_alive, ""),
    ("w1", True, NO_LEASE, is_alive, ""),
    ("w1", True, LEASE, is_dead, "its supervisor was killed"),
    ("w1", False, LEASE, is_alive, ""),
    ("w1", False, LEASE, is_dead, "its worker was killed"),
    ("w1", False, NO_LEASE, is_alive, SILENT),
    ("w2", True, LEASE, is_dead, ""),
    ("w2", True, NO_LEASE, is_alive, SILENT),
    ("w2", False, NO_LEASE, is_dead, SILENT),
]


def take(session: Session, worker: str = "w1", slots: int = 9) -> list[TakenRun]:
    return take_runs(session, worker, owner="7@123", slots=slots, lease=LEASE)


@pytest.fixture
def ready(store: Database) -> Database:
    with store.writing() as session:
        add_template(session)
        add_template(session, "migrate", concurrency=1)
        add_template(session, "patch", host_lock="exclusive", locks=[{"name": "db"}])
        add_template(session, "repeat", is_idempotent=True)
    return store


def test_the_oldest_are_taken_as_far_as_there_are_slots(ready: Database) -> None:
    with ready.writing() as session:
        ids = [order(session).id for _ in range(5)]
        assert [one.run_id for one in take(session, slots=2)] == ids[:2]
        # Runs of another worker take none of its slots.
        assert [one.run_id for one in take(session, "w2", slots=2)] == ids[2:4]
        assert take(session, slots=2) == []
        assert take(session, slots=1) == []
        last = get_run(session, ids[4])
        assert (last.state, last.state_reason, last.worker) == ("queued", None, None)
        (taken,) = take(session, slots=3)
        assert (taken.run_id, last.state, last.worker) == (ids[4], "starting", "w1")
        assert taken.claim_token == last.claim_token
        assert len(taken.claim_token) == 43
        runs = [get_run(session, run_id) for run_id in ids]
        assert len({run.claim_token for run in runs}) == 5
        assert all(run.attempt == 1 and run.lease_until for run in runs)


def test_who_is_in_the_way_is_said_and_gone_with_it(ready: Database) -> None:
    with ready.writing() as session:
        first = order(session, "patch", limit="web")
        (one,) = start(session)
        second = order(session, "patch", limit="web-1")
        third = order(session, "patch", limit="db")
        fourth = order(session, "migrate")
        fifth = order(session, "migrate")
        started = start(session)
        assert [taken.run_id for taken in started] == [fourth.id]
        since = f"since {first.started_at:%Y-%m-%dT%H:%M:%SZ}"
        assert second.state_reason == (
            f"waits for the lock db: run {first.id} (patch, running {since}) has it"
        )
        assert third.state == "blocked"
        assert third.state_reason is not None
        assert third.state_reason.startswith("waits for the lock db: ")
        assert fifth.state_reason is not None
        assert fifth.state_reason.startswith(f"waits for a place: run {fourth.id} (migrate, ")
        assert fifth.state_reason.endswith("is in the way of the template's concurrency")
        end_run(session, one, RunState.SUCCESSFUL, None, exit_code=0)
        assert [taken.run_id for taken in take(session)] == [second.id]
        assert second.state_reason is None
        assert third.state_reason is not None
        assert f"run {second.id} (patch, " in third.state_reason


def test_a_host_that_another_run_has_or_waits_for_is_named(store: Database) -> None:
    with store.writing() as session:
        add_template(session, host_lock="exclusive")
        first = order(session, limit="web-1")
        second = order(session, limit="web")
        third = order(session, limit="web-2")
        assert [taken.run_id for taken in take(session)] == [first.id]
        assert second.state_reason is not None
        assert second.state_reason.startswith(f"waits for the host web-1: run {first.id} (deploy, ")
        assert second.state_reason.endswith(" has it")
        assert third.state_reason is not None
        assert third.state_reason.startswith(f"waits for the host web-2: run {second.id} (deploy, ")
        assert third.state_reason.endswith(" came first")


def test_a_supervisor_begins_its_run_once(ready: Database) -> None:
    with ready.writing() as session:
        order(session)
        (taken,) = take(session)
        assert begin_run(session, TakenRun(taken.run_id, "other"), "1@1", LEASE) is None
        run = begin_run(session, taken, "7@123", LEASE)
        assert run is not None
        assert (run.state, run.supervisor) == ("running", "7@123")
        assert begin_run(session, taken, "8@123", LEASE) is None
        assert run.supervisor == "7@123"


def test_a_run_that_was_cancelled_before_it_was_begun_never_begins(ready: Database) -> None:
    with ready.writing() as session:
        run = order(session)
        (taken,) = take(session)
        cancel_run(session, OPERATOR, run.id, "no")
        assert run.state == "cancelling"
        assert begin_run(session, taken, "7@123", LEASE) is None
        assert (run.state, run.state_reason) == ("cancelled", "cancelled by olaf: no")


def test_only_the_holder_of_the_claim_can_write_to_a_live_run(ready: Database) -> None:
    with ready.writing() as session:
        run = order(session)
        (taken,) = start(session)
        other = TakenRun(run.id, "other")
        for stranger in (other, TakenRun(run.id, ""), TakenRun(99, taken.claim_token)):
            assert find_claimed(session, stranger) is None
            assert not renew_lease(session, stranger, LEASE)
            assert not end_run(session, stranger, RunState.FAILED, "x", exit_code=1)
            assert recover_run(session, stranger, "x") is None
        assert find_claimed(session, taken) is run
        before = run.lease_until
        assert renew_lease(session, taken, 2 * LEASE)
        assert before is not None
        assert run.lease_until is not None
        assert run.lease_until > before
        assert end_run(session, taken, RunState.FAILED, "failed on web-1", exit_code=2)
        assert (run.state, run.state_reason, run.exit_code) == ("failed", "failed on web-1", 2)
        assert find_claimed(session, taken) is None
        assert not renew_lease(session, taken, LEASE)


def test_a_run_that_was_stopped_keeps_the_reason_of_who_asked_for_it(ready: Database) -> None:
    with ready.writing() as session:
        run = order(session)
        (taken,) = start(session)
        cancel_run(session, OPERATOR, run.id, "no")
        assert end_run(session, taken, RunState.CANCELLED, "signal 15", exit_code=254)
        assert (run.state, run.state_reason) == ("cancelled", "cancelled by olaf: no")


def test_a_run_is_an_orphan_when_its_supervisor_can_not_live(
    ready: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "STARTING_LEASE", NO_LEASE)
    with ready.writing() as session:
        for number, (asks, is_begun, lease, alive, why) in enumerate(ORPHANS):
            run = order(session)
            (taken,) = take_runs(session, "w1", owner="7@123", slots=1, lease=lease)
            if is_begun:
                begin_run(session, taken, "7@123", lease)
            found = [
                (orphan.taken, orphan.is_local, orphan.why[: len(why)])
                for orphan in list_orphans(session, asks, alive)
            ]
            assert (number, found) == (number, [(taken, asks == "w1", why)] if why else [])
            is_adopted = asks == "w1" and is_begun and lease == NO_LEASE and alive is is_alive
            adopted = adopt_runs(session, asks, alive, LEASE)
            assert (number, adopted) == (number, [run.id] if is_adopted else [])
            assert run.lease_until is not None
            has_lapsed = run.lease_until < datetime.now(UTC)
            assert has_lapsed is (lease == NO_LEASE and not is_adopted)
            end_run(session, taken, RunState.LOST, None, exit_code=None)


def test_a_run_that_was_not_begun_is_tried_again_a_few_times(ready: Database) -> None:
    with ready.writing() as session:
        run = order(session, "repeat")
        for attempt in range(1, MOST_ATTEMPTS + 1):
            (taken,) = take(session)
            assert run.attempt == attempt
            assert run.state == "starting"
            assert recover_run(session, taken, "its worker is gone") is run
        assert (run.state, run.state_reason) == ("lost", "its worker is gone")
        assert session.query(Run).count() == 1


def test_a_run_that_goes_back_is_taken_by_another_claim(ready: Database) -> None:
    with ready.writing() as session:
        run = order(session)
        (taken,) = take(session)
        recover_run(session, taken, "its worker is gone")
        assert (run.state, run.state_reason) == (
            "queued",
            "its worker is gone, before it was begun",
        )
        (again,) = take(session, "w2")
        assert again.claim_token != taken.claim_token
        assert begin_run(session, taken, "7@123", LEASE) is None
        assert begin_run(session, again, "7@123", LEASE) is run


@pytest.mark.parametrize(("name", "count"), [("deploy", 1), ("repeat", 2)])
def test_a_lost_run_is_ordered_again_once_and_only_if_that_is_safe(
    ready: Database, name: str, count: int
) -> None:
    with ready.writing() as session:
        first = order(session, name, limit="web")
        (taken,) = start(session)
        assert recover_run(session, taken, "its supervisor was killed") is first
        assert (first.state, first.state_reason) == ("lost", "its supervisor was killed")
        started = start(session)
        assert len(started) == count - 1
        for one in started:
            again = get_run(session, one.run_id)
            assert (again.relaunch_of, again.requested_by, again.door) == (
                first.id,
                "olaf",
                "worker",
            )
            assert (again.hosts, again.reason) == (first.hosts, f"run {first.id} was lost")
            # What kills its supervisor would go on for ever.
            recover_run(session, one, "its supervisor was killed")
        assert session.query(Run).count() == count
        assert start(session) == []


def test_a_relaunch_by_people_is_repeated_like_any_other(ready: Database) -> None:
    with ready.writing() as session:
        first = order(session, "repeat")
        cancel_run(session, OPERATOR, first.id, None)
        again = first.make_copy(first.hosts)
        again.submit(session, OPERATOR, None)
        (taken,) = start(session)
        recover_run(session, taken, "its supervisor was killed")
        assert session.query(Run).count() == 3


@pytest.mark.parametrize(("begun", "state"), [(False, "cancelled"), (True, "lost")])
def test_a_cancelled_run_whose_supervisor_is_gone_is_not_ordered_again(
    ready: Database, *, begun: bool, state: str
) -> None:
    with ready.writing() as session:
        run = order(session, "repeat")
        (taken,) = take(session)
        if begun:
            begin_run(session, taken, "7@123", LEASE)
        cancel_run(session, OPERATOR, run.id, None)
        recover_run(session, taken, "its supervisor was killed")
        assert session.query(Run).count() == 1
    assert show(ready, run.id)["state"] == state


def test_a_supervisor_may_take_longer_to_begin_than_a_lease(ready: Database) -> None:
    with ready.writing() as session:
        run = order(session)
        take_runs(session, "w1", owner="7@123", slots=1, lease=NO_LEASE)
        assert run.lease_until is not None
        assert run.lease_until > datetime.now(UTC) + LEASE


def test_nothing_is_to_do_where_nothing_would_change(ready: Database) -> None:
    with ready.writing() as session:
        order(session, "patch")
        assert has_changes(session, "w1", slots=1)
        take(session)
        order(session, "patch")
        assert has_changes(session, "w1", slots=1)
        take(session)
        assert not has_changes(session, "w1", slots=9)
        order(session)
        assert not has_changes(session, "w1", slots=1)
        assert has_changes(session, "w1", slots=2)

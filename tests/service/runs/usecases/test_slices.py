# SPDX-License-Identifier: Apache-2.0
"""A sliced run is begun whole, holds its places until its last slice has ended, and ends once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.core.pagination import Page, SortKey
from inventory_service.runs import queries
from inventory_service.runs.domain.events import RunEvent, Tally
from inventory_service.runs.domain.orders import RelaunchHosts, RelaunchOrder
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.reports import HostResult
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.slices import RunSnapshot, SliceBatch
from inventory_service.runs.usecases.claims import (
    TakenRun,
    end_run,
    list_orphans,
    recover_run,
    take_runs,
)
from inventory_service.runs.usecases.orders import (
    cancel_run,
    describe_run,
    get_run,
    list_runs,
    relaunch_run,
)
from inventory_service.runs.usecases.reports import list_reports, show_events, store_events
from inventory_service.runs.usecases.slices import find_snapshot, share_snapshot, show_counted
from tests.service.run_rows import LEASE, OPERATOR, SOURCES, add_template, order, show, start

NOTHING = dict.fromkeys(
    ("ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored"), 0
)
PAGE = Page((SortKey("id"),), 100)
AGAIN = RelaunchOrder(hosts=RelaunchHosts.FAILED)


@pytest.fixture
def ready(store: Database) -> Database:
    with store.writing() as session:
        add_template(session, host_lock="exclusive", locks=[{"name": "db"}], concurrency=1)
        add_template(session, "patch", host_lock="exclusive")
    return store


def open_run(session: Session, template: str = "deploy", slices: int = 3) -> tuple[Run, list[Run]]:
    """Order a sliced run, and have it begun; return it and its slices."""
    run = order(session, template, slices=slices)
    assert take_runs(session, "w1", owner="1:1:1", slots=1, lease=LEASE) == []
    return run, [*queries.list_slices(session, run.id)]


def end(session: Session, taken: TakenRun, state: str, why: str | None = None) -> None:
    assert end_run(session, taken, RunState(state), why, exit_code=0)


def test_all_slices_of_a_run_are_made_at_once_and_wait_for_workers(ready: Database) -> None:
    with ready.writing() as session:
        run, parts = open_run(session)
        assert (run.state, run.worker, run.attempt) == ("running", None, 1)
        assert [part.hosts for part in parts] == [["db-1"], ["web-1"], ["web-2"]]
        assert [part.slice_no for part in parts] == [1, 2, 3]
        assert {part.state for part in parts} == {"queued"}
        assert parts[1].locks == {"host:web-1": "exclusive"}
        assert {(part.requested_by, part.slice_count) for part in parts} == {(run.requested_by, 3)}
        # They never wait for each other, nor for the run that they are part of.
        assert [one.run_id for one in start(session)] == [part.id for part in parts]


def test_a_run_that_finds_no_slot_is_not_opened(ready: Database) -> None:
    with ready.writing() as session:
        run = order(session, slices=2)
        take_runs(session, "w1", owner="1:1:1", slots=0, lease=LEASE)
        assert (run.state, queries.list_slices(session, run.id)) == ("queued", [])


def test_a_sliced_run_holds_its_locks_and_counts_once(ready: Database) -> None:
    with ready.writing() as session:
        add_template(session, "other", locks=[{"name": "db"}])
        add_template(session, "pair", concurrency=2)
        run, _ = open_run(session)
        host, named, same = order(session, "patch"), order(session, "other"), order(session)
        first, second = start(session)[:2]
        assert host.state_reason is not None
        assert host.state_reason.startswith(f"waits for the host db-1: run {first.run_id} (deploy")
        assert named.state_reason is not None
        assert named.state_reason.startswith(f"waits for the lock db: run {run.id} (deploy")
        assert same.state == "blocked"
        # The host of a slice that has ended is free.
        end(session, first, "successful")
        free = order(session, "patch", limit="db-1")
        cancel_run(session, OPERATOR, host.id, None)
        cancel_run(session, OPERATOR, same.id, None)
        assert [one.run_id for one in start(session)] == [free.id]
        assert get_run(session, second.run_id).state == "running"
        sliced, _ = open_run(session, "pair", 2)
        start(session)
        beside = order(session, "pair")
        start(session)
        assert (sliced.state, beside.state) == ("running", "running")


def test_slices_come_before_what_was_ordered_before_them(ready: Database) -> None:
    with ready.writing() as session:
        run = order(session, slices=3)
        older = order(session, "patch")
        take_runs(session, "w1", owner="1:1:1", slots=9, lease=LEASE)
        assert older.state == "blocked"
        taken = start(session)
        assert {one.run_id for one in taken} == {
            part.id for part in queries.list_slices(session, run.id)
        }


def test_the_last_slice_ends_the_run_with_the_worst_of_all(ready: Database) -> None:
    with ready.writing() as session:
        run, parts = open_run(session)
        first, second, third = start(session)
        share_snapshot(session, run.id, b"{}")
        for taken, results in ((first, {"ok": 1}), (second, {"failed": 1}), (third, {"ok": 1})):
            get_run(session, taken.run_id).count(events=3, missing=1, results=results)
        assert show_counted(session, run)["event_count"] == 9
        assert run.event_count == 0
        end(session, third, "successful")
        end(session, second, "failed", "failed on web-1")
        assert run.state == "running"
        assert session.get(RunSnapshot, run.id) is not None
        end(session, first, "successful")
    found = show(ready, run.id)
    assert found["state"] == "failed"
    assert found["state_reason"] == (f"slice 2 of 3 (run {parts[1].id}) is failed: failed on web-1")
    assert (found["event_count"], found["missing_events"]) == (9, 3)
    assert found["results"] == {"ok": 2, "failed": 1}
    assert found["ended_at"]
    with ready.reading() as session:
        assert session.get(RunSnapshot, run.id) is None


def test_a_cancel_reaches_all_slices(ready: Database) -> None:
    with ready.writing() as session:
        run, parts = open_run(session)
        (live,) = take_runs(session, "w1", owner="1:1:1", slots=1, lease=LEASE)
        cancel_run(session, OPERATOR, run.id, "stop")
        assert [part.state for part in parts] == ["cancelling", "cancelled", "cancelled"]
        assert run.state == "cancelling"
        cancel_run(session, OPERATOR, run.id, "stop")
        end(session, live, "cancelled")
        assert run.state == "cancelled"
        waiting, parts = open_run(session)
        cancel_run(session, OPERATOR, waiting.id, None)
        assert {part.state for part in parts} == {"cancelled"}
        assert waiting.state == "cancelled"


def test_a_slice_that_is_lost_makes_the_run_lost_and_none_recovers_the_run_itself(
    ready: Database,
) -> None:
    with ready.writing() as session:
        run, parts = open_run(session)
        first, second, third = start(session)
        orphans = list_orphans(session, "w1", lambda _supervisor: False)
        assert [one.taken for one in orphans] == [first, second, third]
        end(session, first, "successful")
        end(session, second, "failed", "failed on web-1")
        recover_run(session, third, "its supervisor was killed")
        assert run.state == "lost"
        assert run.state_reason == (
            f"slice 3 of 3 (run {parts[2].id}) is lost: its supervisor was killed; "
            "1 more did not end well"
        )
        with pytest.raises(Conflict, match=f"is slice 3 of run {run.id}. Relaunch that"):
            relaunch_run(session, OPERATOR, parts[2].id, RelaunchOrder(), sources=SOURCES)
        # All hosts of what was lost, and of what failed as a whole.
        again = relaunch_run(session, OPERATOR, run.id, AGAIN, sources=SOURCES)
        assert (again.hosts, again.slice_count) == (["web-1", "web-2"], 2)
        assert set(again.locks) == {"db", "host:web-1", "host:web-2"}


def test_only_the_hosts_that_failed_are_relaunched_and_one_is_no_slice(ready: Database) -> None:
    with ready.writing() as session:
        run, _ = open_run(session, slices=2)
        first, second = start(session)
        counts = NOTHING | {"failed": 1}
        session.add(HostResult(run_id=first.run_id, host="web-2", **counts))
        session.add(HostResult(run_id=first.run_id, host="db-1", **NOTHING))
        end(session, first, "failed", "failed on web-2")
        end(session, second, "successful")
        again = relaunch_run(session, OPERATOR, run.id, AGAIN, sources=SOURCES)
        assert (again.hosts, again.slice_count) == (["web-2"], 0)


def make_event(counter: int) -> RunEvent:
    return RunEvent(counter, "verbose", datetime(2026, 1, 1, tzinfo=UTC), f"line {counter}")


def add_events(session: Session, taken: TakenRun, counters: Sequence[int]) -> None:
    tally = Tally()
    events = [make_event(counter) for counter in counters]
    tally.add(events)
    store_events(session, get_run(session, taken.run_id), events, tally)


def test_events_of_slices_have_one_order_that_never_changes(ready: Database) -> None:
    with ready.writing() as session:
        run, _ = open_run(session, slices=2)
        one, two = start(session)
        add_events(session, one, [1, 2])
        add_events(session, two, [1])
        add_events(session, one, [3, 5])
        add_events(session, two, [2])
    with ready.reading() as session:
        whole = get_run(session, run.id)
        found, last = show_events(session, whole, after=0, limit=100)
        shown = [(event["counter"], event["slice_no"], event["text"]) for event in found]
        assert shown == [
            (1, 1, "line 1"),
            (2, 1, "line 2"),
            (3, 2, "line 1"),
            (4, 1, "line 3"),
            (6, 1, "line 5"),
            (7, 2, "line 2"),
        ]
        assert last == 7
        # From each place on, the rest is the same, whatever the size of an answer.
        for after, _, _ in shown:
            rest: list[Any] = []
            cursor = after
            while len(events := show_events(session, whole, after=cursor, limit=1)[0]):
                rest += [(event["counter"], event["slice_no"], event["text"]) for event in events]
                cursor = events[-1]["counter"]
            assert rest == [row for row in shown if row[0] > after]
        # A slice by itself has its own counters.
        own, last = show_events(session, get_run(session, two.run_id), after=0, limit=100)
        assert [(event["counter"], event["slice_no"]) for event in own] == [(1, 2), (2, 2)]
        assert last == 2
        assert session.query(SliceBatch).count() == 4


def test_results_of_hosts_are_those_of_all_slices(ready: Database) -> None:
    with ready.writing() as session:
        run, _ = open_run(session, slices=2)
        for taken, host in zip(start(session), ("web-2", "web-1"), strict=True):
            session.add(HostResult(run_id=taken.run_id, host=host, **NOTHING))
            session.add(HostResult(run_id=taken.run_id, host="localhost", **NOTHING | {"ok": 2}))
    with ready.reading() as session:
        found = [(row["host"], row["ok"]) for row in list_reports("hosts", session, run.id)]
        assert found == [("localhost", 4), ("web-1", 0), ("web-2", 0)]
        assert list_reports("tasks", session, run.id) == []


def test_all_slices_have_the_inventory_that_the_first_found(ready: Database) -> None:
    with ready.writing() as session:
        run, _ = open_run(session)
        assert find_snapshot(session, run.id) is None
        assert share_snapshot(session, run.id, b"first") == b"first"
        assert share_snapshot(session, run.id, b"second") == b"first"
        assert find_snapshot(session, run.id) == b"first"


def test_lists_leave_slices_out_unless_they_are_asked_for(ready: Database) -> None:
    with ready.writing() as session:
        run, parts = open_run(session)
        plain = order(session, "patch")
        assert [one.id for one in list_runs(session, {}, PAGE)] == [run.id, plain.id]
        wanted = list_runs(session, {"slice_of": [run.id]}, PAGE)
        assert [one.id for one in wanted] == [part.id for part in parts]
        shown = describe_run(session, run)["slices"]
        assert [(one["id"], one["slice_no"], one["state"]) for one in shown] == [
            (part.id, part.slice_no, "queued") for part in parts
        ]
        assert describe_run(session, plain)["slices"] == []


def test_forty_slices_for_two_workers_are_each_done_once(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"web-{number:02}" for number in range(80)]
    monkeypatch.setattr("tests.service.run_rows.HOSTS", names)
    done: list[str] = []
    with store.writing() as session:
        add_template(session, host_lock="exclusive")
        run_id = order(session, slices=40).id
    for turn in range(60):
        with store.writing() as session:
            taken = start(session, worker=f"w{turn % 2}")
        with store.writing() as session:
            for one in taken:
                done += get_run(session, one.run_id).hosts
                end(session, one, "successful")
        if RunState(show(store, run_id)["state"]) in ENDED:
            break
    assert show(store, run_id)["state"] == "successful"
    assert sorted(done) == names

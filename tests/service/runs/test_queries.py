# SPDX-License-Identifier: Apache-2.0
"""Reads of runs give those of the right state, of the right run, in their order."""

import zlib
from datetime import UTC, datetime

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.runs import queries
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.reports import HostResult, LogChunk, StoredEvent, TaskResult
from tests.service.run_rows import add_template, order

NOW = datetime(2026, 11, 27, tzinfo=UTC)
NOTHING = dict.fromkeys(("ok", "changed", "failed", "unreachable", "skipped"), 0)


@pytest.fixture
def ready(store: Database) -> Database:
    with store.writing() as session:
        add_template(session)
    return store


def test_runs_are_found_by_the_kind_of_their_state(ready: Database) -> None:
    with ready.writing() as session:
        assert not queries.has_work(session)
        runs = [order(session) for _ in [*RunState, *RunState]]
        for run, state in zip(runs, [*RunState, *RunState], strict=True):
            run.state = state.value
        session.flush()
        waiting = [run for run in runs if run.state in {"queued", "blocked"}]
        live = [run for run in runs if run.state in {"starting", "running", "cancelling"}]
        assert queries.list_waiting(session) == waiting
        assert queries.list_live(session) == live
        assert queries.count_by_state(session) == dict.fromkeys(map(str, RunState), 2)
        for run in waiting:
            assert queries.has_work(session)
            run.state = "running"
            session.flush()
        assert not queries.has_work(session)


def test_only_the_oldest_that_wait_are_looked_at(
    ready: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_WAITING", 2)
    with ready.writing() as session:
        runs = [order(session) for _ in range(3)]
        assert queries.list_waiting(session) == runs[:2]


def test_reports_are_those_of_one_run_in_their_order(ready: Database) -> None:
    with ready.writing() as session:
        first, second = (order(session).id for _ in range(2))
        for run_id in (second, first):
            for number in (3, 1, 2):
                moment = {"at": NOW, "text": str(run_id), "is_changed": False}
                session.add(StoredEvent(run_id=run_id, counter=number, kind="x", **moment))
                part = {"play": "", "task": "", "started_at": NOW}
                session.add(TaskResult(run_id=run_id, number=number, **part, **NOTHING))
                body = zlib.compress(f"{run_id}/{number}".encode())
                session.add(LogChunk(run_id=run_id, number=number, body=body))
        session.flush()
        for after, limit, expected in [(0, 9, [1, 2, 3]), (1, 9, [2, 3]), (1, 1, [2]), (3, 9, [])]:
            found = queries.list_events(session, first, after=after, limit=limit)
            assert [one.counter for one in found] == expected
            assert {one.text for one in found} <= {str(first)}
        assert [one.number for one in queries.list_tasks(session, [first])] == [1, 2, 3]
        assert queries.list_log_numbers(session, first) == [1, 2, 3]
        assert queries.read_log_chunk(session, first, 2) == f"{first}/2".encode()
        assert queries.read_log_chunk(session, first, 4) == b""
        assert queries.list_log_numbers(session, 99) == []


def test_failed_hosts_are_those_with_a_task_that_failed_or_no_way_to_them(ready: Database) -> None:
    results = {
        "d": {"failed": 1},
        "a": {"unreachable": 2},
        "c": {"ok": 3, "changed": 1, "skipped": 1, "rescued": 1, "ignored": 1},
        "b": {"failed": 1, "unreachable": 1, "ok": 2},
    }
    with ready.writing() as session:
        first, second = (order(session).id for _ in range(2))
        usual = NOTHING | {"rescued": 0, "ignored": 0}
        for host, counts in results.items():
            session.add(HostResult(run_id=first, host=host, **usual | counts))
        session.add(HostResult(run_id=second, host="e", **usual | {"failed": 1}))
        session.flush()
        assert [one.host for one in queries.list_hosts(session, [first])] == ["a", "b", "c", "d"]
        assert queries.list_failed_hosts(session, [first]) == ["a", "b", "d"]
        assert queries.list_failed_hosts(session, [second]) == ["e"]

# SPDX-License-Identifier: Apache-2.0
"""What a run reports is stored in parts, each once, and read as a whole."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import NotFound
from inventory_service.runs import queries
from inventory_service.runs.domain.events import STATS, RunEvent, Tally
from inventory_service.runs.usecases.orders import get_run
from inventory_service.runs.usecases.reports import (
    find_last_counter,
    list_reports,
    store_events,
    store_log,
)
from tests.service.run_rows import add_template, order

START = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
LONG = "h" * 300


def make_event(counter: int, kind: str, **fields: Any) -> RunEvent:
    at = START + timedelta(seconds=counter)
    return RunEvent(counter, kind, at, f"line {counter}", play="p", **fields)


EVENTS = [
    make_event(1, "playbook_on_task_start", task="install", task_id="t1"),
    make_event(2, "runner_on_ok", host="web-1", task_id="t1", is_changed=True),
    make_event(4, "runner_on_failed", host="web-2", task="install", task_id="t1"),
    make_event(5, "playbook_on_task_start", task="start", task_id="t2"),
    make_event(6, "runner_on_ok", host="web-1", task_id="t2"),
    make_event(7, "runner_on_unreachable", host=LONG, task_id="t2"),
    make_event(8, STATS, recap={"ok": {"web-1": 2}, "changed": {"web-1": 1}}),
]
NOTHING = dict.fromkeys(("ok", "changed", "failed", "unreachable", "skipped"), 0)


@pytest.fixture
def run_id(store: Database) -> int:
    with store.writing() as session:
        add_template(session)
        return order(session).id


def store_parts(store: Database, run_id: int, *sizes: int) -> None:
    """Store the events in parts of these sizes, each in a transaction of its own."""
    tally, left = Tally(), EVENTS
    for size in sizes:
        part, left = left[:size], left[size:]
        tally.add(part)
        with store.writing() as session:
            store_events(session, get_run(session, run_id), part, tally)
        tally.forget_changes()


def read_all(store: Database, run_id: int) -> dict[str, Any]:
    with store.reading() as session:
        run = get_run(session, run_id).as_dict()
        events = queries.list_events(session, run_id, after=0, limit=99)
        return {
            "events": [one.as_dict() for one in events],
            "hosts": list_reports("hosts", session, run_id),
            "tasks": list_reports("tasks", session, run_id),
            "run": [run[name] for name in ("event_count", "missing_events", "results")],
        }


def test_reports_stored_in_parts_are_the_whole(store: Database, run_id: int) -> None:
    with store.writing() as session:
        other_id = order(session).id
    store_parts(store, run_id, 1, 2, 0, 3, 1)
    found = read_all(store, run_id)
    store_parts(store, other_id, 7)
    assert read_all(store, other_id) == found

    assert [one["counter"] for one in found["events"]] == [1, 2, 4, 5, 6, 7, 8]
    assert found["events"][1] == {
        "counter": 2,
        "kind": "runner_on_ok",
        "at": START + timedelta(seconds=2),
        "play": "p",
        "task": None,
        "host": "web-1",
        "is_changed": True,
        "text": "line 2",
    }
    assert found["events"][5]["host"] == LONG[:253]
    more = {"rescued": 0, "ignored": 0}
    assert found["hosts"] == [
        NOTHING | more | {"host": LONG[:253], "unreachable": 1},
        NOTHING | more | {"host": "web-1", "ok": 2, "changed": 1},
        NOTHING | more | {"host": "web-2", "failed": 1},
    ]
    moments = [START + timedelta(seconds=second) for second in (1, 5, 8)]
    assert found["tasks"] == [
        NOTHING
        | {"number": 1, "play": "p", "task": "install", "ok": 1, "changed": 1, "failed": 1}
        | {"started_at": moments[0], "ended_at": moments[1]},
        NOTHING
        | {"number": 2, "play": "p", "task": "start", "ok": 1, "unreachable": 1}
        | {"started_at": moments[1], "ended_at": moments[2]},
    ]
    assert found["run"] == [7, 1, {"ok": 1, "changed": 1, "failed": 1, "unreachable": 1}]


def test_the_last_counter_is_that_of_the_run_alone(store: Database, run_id: int) -> None:
    with store.writing() as session:
        other_id = order(session).id
        assert find_last_counter(session, run_id) == 0
    store_parts(store, run_id, 3)
    with store.reading() as session:
        assert find_last_counter(session, run_id) == 4
        assert find_last_counter(session, other_id) == 0


@pytest.mark.parametrize(
    ("hosts", "counts"),
    [
        ([], (0, 0, 0, 0)),
        ([{}], (1, 0, 0, 0)),
        ([{"ok": 5, "changed": 3}, {"ok": 1}], (2, 1, 0, 0)),
        ([{"changed": 1, "failed": 2}], (0, 1, 1, 0)),
        ([{"unreachable": 1}, {"failed": 1, "unreachable": 1}], (0, 0, 1, 2)),
        ([{"skipped": 1, "rescued": 1, "ignored": 1}], (1, 0, 0, 0)),
    ],
)
def test_hosts_are_counted_by_their_results(
    hosts: list[dict[str, int]], counts: tuple[int, ...]
) -> None:
    tally = Tally()
    tally.hosts = {f"n{number}": NOTHING | host for number, host in enumerate(hosts)}
    names = ("ok", "changed", "failed", "unreachable")
    assert tally.count_hosts() == dict(zip(names, counts, strict=True))


def test_a_part_of_the_log_that_is_stored_again_is_replaced(store: Database, run_id: int) -> None:
    for body in (b"\x00\xffold", b"\x00\xffnew"):
        with store.writing() as session:
            store_log(session, run_id, 0, body)
    with store.reading() as session:
        chunk = session.get_one(queries.LogChunk, (run_id, 0))
        assert chunk.body == b"\x00\xffnew"


@pytest.mark.parametrize("kind", ["hosts", "tasks"])
def test_a_run_that_is_not_there_has_no_reports(store: Database, kind: str) -> None:
    with store.reading() as session, pytest.raises(NotFound, match="There is no run 99"):
        list_reports(kind, session, 99)

# SPDX-License-Identifier: Apache-2.0
"""Events get from the spool into the database once each, whatever is interrupted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Unavailable
from inventory_service.runs import queries
from inventory_service.runs.domain.states import RunState
from inventory_service.worker import storing
from inventory_service.worker.spool import SpooledEnd
from inventory_service.worker.storing import Storing
from tests.service.worker.conftest import Runs, make_event, write_spool

TASKS = [
    make_event(1, "playbook_on_task_start", task="one", task_id="t1", play="p"),
    make_event(2, "runner_on_ok", task="one", task_id="t1", host="web-1", is_changed=True),
    make_event(3, "playbook_on_task_start", task="two", task_id="t2", play="p"),
    make_event(4, "runner_on_failed", task="two", task_id="t2", host="web-1"),
]


class Failing:
    """A database that takes no changes for a while."""

    def __init__(self, store: Database, *, times: int) -> None:
        self._store = store
        self._times = times

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._store.writing() as session:
            yield session
            if self._times:
                self._times -= 1
                raise Unavailable("not now")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def store_all(one: Storing) -> int:
    times = 0
    while one.store():
        times += 1
    return times


def read(store: Database, run_id: int) -> dict[str, Any]:
    with store.reading() as session:
        return {
            "events": [
                event.counter for event in queries.list_events(session, run_id, after=0, limit=999)
            ],
            "hosts": [host.as_dict() for host in queries.list_hosts(session, [run_id])],
            "tasks": [
                (task.number, task.task, task.ok, task.changed, task.failed, bool(task.ended_at))
                for task in queries.list_tasks(session, [run_id])
            ],
        }


WANTED = {
    "events": [1, 2, 3, 4],
    "hosts": [
        {
            "host": "web-1",
            "ok": 1,
            "changed": 1,
            "failed": 1,
            "unreachable": 0,
            "skipped": 0,
            "rescued": 0,
            "ignored": 0,
        }
    ],
    "tasks": [(1, "one", 1, 1, 0, True), (2, "two", 0, 0, 1, False)],
}


def test_events_and_what_they_amount_to_are_stored(
    store: Database, runs: Runs, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "BATCH", 3)
    taken = runs.begin("1:1:1")
    write_spool(path, TASKS)
    assert store_all(Storing(store, taken, path)) == 2
    assert read(store, taken.run_id) == WANTED
    found = runs.get(taken.run_id)
    assert (found["event_count"], found["missing_events"]) == (4, 0)
    assert found["results"] == {"ok": 0, "changed": 1, "failed": 1, "unreachable": 0}


def test_a_batch_that_could_not_be_stored_is_stored_later(
    store: Database, runs: Runs, path: Path
) -> None:
    taken = runs.begin("1:1:1")
    write_spool(path, TASKS)
    one = Storing(Failing(store, times=2), taken, path)  # type: ignore[arg-type] # what it uses of it
    for _ in range(2):
        with pytest.raises(Unavailable):
            one.store()
    assert store_all(one) == 1
    assert read(store, taken.run_id) == WANTED


def test_another_one_goes_on_where_the_first_was_interrupted(
    store: Database, runs: Runs, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "BATCH", 3)
    taken = runs.begin("1:1:1")
    write_spool(path, TASKS)
    assert Storing(store, taken, path).store()
    store_all(Storing(store, taken, path))
    assert read(store, taken.run_id) == WANTED


def test_missing_events_are_counted(store: Database, runs: Runs, path: Path) -> None:
    taken = runs.begin("1:1:1")
    write_spool(path, [make_event(2), make_event(5)])
    store_all(Storing(store, taken, path))
    found = runs.get(taken.run_id)
    assert (found["event_count"], found["missing_events"]) == (2, 3)


def test_nothing_is_stored_for_a_run_that_is_anothers(
    store: Database, runs: Runs, path: Path
) -> None:
    taken = runs.begin("1:1:1")
    write_spool(path, TASKS, SpooledEnd(RunState.SUCCESSFUL, None, 0))
    stranger = type(taken)(taken.run_id, "another")
    one = Storing(store, stranger, path)
    store_all(one)
    one.store_log()
    assert read(store, taken.run_id)["events"] == []
    with store.reading() as session:
        assert queries.list_log_numbers(session, taken.run_id) == []


def test_the_log_can_be_stored_again(store: Database, runs: Runs, path: Path) -> None:
    taken = runs.begin("1:1:1")
    write_spool(path, TASKS)
    for _ in range(2):
        Storing(store, taken, path).store_log()
    with store.reading() as session:
        assert queries.list_log_numbers(session, taken.run_id) == [0]
        assert (
            queries.read_log_chunk(session, taken.run_id, 0) == b"line 1\nline 2\nline 3\nline 4\n"
        )

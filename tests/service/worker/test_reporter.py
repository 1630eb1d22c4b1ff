# SPDX-License-Identifier: Apache-2.0
"""A reporter stores what happens, keeps the lease, and hears of a cancellation or another owner."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Unavailable
from inventory_service.identity.models.tokens import Token
from inventory_service.runs import queries
from inventory_service.runs.domain.events import Tally
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.usecases.claims import TakenRun
from inventory_service.runs.usecases.credentials import give_token
from inventory_service.runs.usecases.orders import cancel_run, get_run
from inventory_service.worker import reporter as module
from inventory_service.worker.reporter import Reporter
from inventory_service.worker.spool import SpooledEnd
from tests.service.conftest import ACTOR
from tests.service.worker.conftest import Runs, make_event

END = SpooledEnd(RunState.SUCCESSFUL, None, 0)
#: Short, so that a test need not wait for its third.
LEASE = timedelta(seconds=3)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TURN_S", 0.02)
    monkeypatch.setattr(module, "_LOOK_S", 0.02)


@pytest.fixture
def taken(runs: Runs) -> TakenRun:
    return runs.begin("1:1:1", lease=LEASE)


def begin(store: Database, taken: TakenRun, tmp_path: Path) -> Reporter:
    spool = tmp_path / "events.jsonl"
    one = Reporter(store, taken, spool, scrub=lambda text: text.replace("secret", "-"), lease=LEASE)
    one.start()
    return one


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def count_events(store: Database, run_id: int) -> int:
    with store.reading() as session:
        return len(queries.list_events(session, run_id, after=0, limit=999))


def test_events_are_stored_while_the_run_goes_on_and_without_secrets(
    store: Database, taken: TakenRun, tmp_path: Path
) -> None:
    one = begin(store, taken, tmp_path)
    one.add(make_event(1, text="a secret", task="secret task", play="secret play"))
    wait_until(lambda: count_events(store, taken.run_id) == 1)
    one.add(make_event(2, text="more"))
    assert one.finish(lambda _tally: END)
    with store.reading() as session:
        first, second = queries.list_events(session, taken.run_id, after=0, limit=9)
        assert (first.text, first.task, first.play) == ("a -", "- task", "- play")
        assert second.text == "more"
        assert queries.read_log_chunk(session, taken.run_id, 0) == b"a -\nmore\n"
    assert b"secret" not in (tmp_path / "events.jsonl").read_bytes()


def test_the_end_is_judged_by_all_events_and_takes_the_token_with_it(
    store: Database, runs: Runs, taken: TakenRun, tmp_path: Path
) -> None:
    with store.writing() as session:
        give_token(session, get_run(session, taken.run_id))
    one = begin(store, taken, tmp_path)
    one.add(make_event(1, "runner_on_failed", host="web-1"))

    def judge(tally: Tally) -> SpooledEnd:
        return SpooledEnd(RunState.FAILED, f"failed {tally.hosts['web-1']['failed']}", 2)

    assert one.finish(judge)
    found = runs.get(taken.run_id)
    assert (found["state"], found["state_reason"], found["exit_code"]) == ("failed", "failed 1", 2)
    with store.reading() as session:
        assert all(token.revoked_at for token in session.query(Token))


def test_the_lease_is_renewed(store: Database, taken: TakenRun, tmp_path: Path) -> None:
    one = begin(store, taken, tmp_path)
    before = datetime.now(UTC) + LEASE

    def is_renewed() -> bool:
        with store.reading() as session:
            until = get_run(session, taken.run_id).lease_until
            return until is not None and until > before

    wait_until(is_renewed)
    assert not one.must_stop()
    one.finish(lambda _tally: END)


def test_a_cancellation_is_heard_and_recorded(
    store: Database, runs: Runs, taken: TakenRun, tmp_path: Path
) -> None:
    one = begin(store, taken, tmp_path)
    with store.writing() as session:
        cancel_run(session, ACTOR, taken.run_id, None)
    wait_until(one.must_stop)
    one.finish(lambda _tally: SpooledEnd(RunState.CANCELLED, None, 254))
    found = runs.get(taken.run_id)
    assert (found["state"], found["state_reason"]) == ("cancelled", "cancelled by tester")


def test_whoever_has_lost_the_run_stops_and_writes_nothing(
    store: Database, runs: Runs, taken: TakenRun, tmp_path: Path
) -> None:
    one = begin(store, TakenRun(taken.run_id, "another"), tmp_path)
    wait_until(one.must_stop)
    one.add(make_event(1))
    one.finish(lambda _tally: END)
    assert one.is_disowned
    assert runs.get(taken.run_id)["state"] == "running"
    assert count_events(store, taken.run_id) == 0


def test_a_database_that_is_away_holds_nothing_up_and_loses_nothing(
    store: Database, runs: Runs, taken: TakenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_away = True
    write = store.writing

    @contextmanager
    def writing() -> Iterator[Session]:
        if is_away:
            raise Unavailable("away")
        with write() as session:
            yield session

    monkeypatch.setattr(store, "writing", writing)
    one = begin(store, taken, tmp_path)
    for counter in range(1, 4):
        one.add(make_event(counter))
    wait_until(lambda: (tmp_path / "events.jsonl").read_bytes().count(b"\n") == 3)
    is_away = False
    assert one.finish(lambda _tally: END)
    assert runs.get(taken.run_id)["event_count"] == 3

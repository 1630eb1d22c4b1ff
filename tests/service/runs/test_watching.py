# SPDX-License-Identifier: Apache-2.0
"""Those who watch a run see each event once, wait only where there is room, and read its log."""

import contextlib
import json
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import NotFound
from inventory_service.runs import watching
from inventory_service.runs.models.reports import LogChunk, StoredEvent
from inventory_service.runs.usecases.orders import cancel_run, get_run
from inventory_service.runs.watching import Progress, RunWatcher
from tests.service.run_rows import OPERATOR, add_template, order

NOW = datetime(2026, 11, 27, tzinfo=UTC)
#: Longer than any test takes.
LONG_S = 60.0


@pytest.fixture
def run_id(store: Database) -> int:
    with store.writing() as session:
        add_template(session)
        return order(session).id


def add_events(store: Database, run_id: int, *counters: int, text: str = "line") -> None:
    with store.writing() as session:
        for counter in counters:
            event = {"kind": "x", "at": NOW, "is_changed": False}
            session.add(StoredEvent(run_id=run_id, counter=counter, text=text, **event))


def end(store: Database, run_id: int) -> None:
    with store.writing() as session:
        cancel_run(session, OPERATOR, run_id, None)


class Turns:
    """Opens sessions, and does something before each of them; counts those that are open."""

    def __init__(self, store: Database, *acts: Callable[[], None]) -> None:
        self._store = store
        self._acts = list(acts)
        self.opened = 0
        self.open = 0

    @contextlib.contextmanager
    def __call__(self) -> Iterator[Session]:
        if self._acts:
            self._acts.pop(0)()
        self.opened += 1
        self.open += 1
        try:
            with self._store.reading() as session:
                yield session
        finally:
            self.open -= 1


def nothing() -> None:
    return None


def look(progress: Progress) -> tuple[list[int], int, bool]:
    return [one["counter"] for one in progress.events], progress.last, progress.is_complete


def test_events_are_read_page_by_page_to_the_end(store: Database, run_id: int) -> None:
    watcher = RunWatcher(store.reading, threads=4)
    add_events(store, run_id, 1, 2, 4)
    assert look(watcher.watch(run_id, after=0, limit=2, wait_s=0)) == ([1, 2], 2, False)
    assert look(watcher.watch(run_id, after=2, limit=2, wait_s=0)) == ([4], 4, False)
    assert look(watcher.watch(run_id, after=4, limit=2, wait_s=0)) == ([], 4, False)
    end(store, run_id)
    # A page that is full may not be the last.
    assert look(watcher.watch(run_id, after=0, limit=3, wait_s=0)) == ([1, 2, 4], 4, False)
    assert look(watcher.watch(run_id, after=0, limit=4, wait_s=0)) == ([1, 2, 4], 4, True)
    progress = watcher.watch(run_id, after=4, limit=2, wait_s=LONG_S)
    assert look(progress) == ([], 4, True)
    assert progress.as_dict() == {
        "events": [],
        "next_after": 4,
        "run": progress.run,
        "is_complete": True,
    }
    assert (progress.run["id"], progress.run["state"]) == (run_id, "cancelled")
    with pytest.raises(NotFound, match="There is no run 99"):
        watcher.watch(99, after=0, limit=2, wait_s=LONG_S)


@pytest.mark.parametrize("what", ["event", "end"])
def test_whoever_waits_is_answered_by_the_next_event_or_the_end(
    store: Database, run_id: int, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_LOOK_S", 0.001)

    def act() -> None:
        if what == "event":
            add_events(store, run_id, 1)
        else:
            end(store, run_id)

    turns = Turns(store, nothing, nothing, act)
    progress = RunWatcher(turns, threads=1).watch(run_id, after=0, limit=9, wait_s=LONG_S)
    assert look(progress) == (([1], 1, False) if what == "event" else ([], 0, True))
    assert (turns.opened, turns.open) == (3, 0)


def test_who_waits_is_answered_without_events_after_the_time(
    store: Database, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_LOOK_S", 0.001)
    watcher = RunWatcher(store.reading, threads=4)
    before = time.monotonic()
    assert look(watcher.watch(run_id, after=0, limit=9, wait_s=0.05)) == ([], 0, False)
    assert time.monotonic() - before >= 0.05


@pytest.mark.parametrize(("threads", "room"), [(1, 1), (3, 1), (4, 2), (5, 2)])
def test_half_of_the_threads_may_wait(
    store: Database, run_id: int, threads: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_LOOK_S", 0.001)
    looks: Counter[int] = Counter()
    has_looked = threading.Condition()

    @contextlib.contextmanager
    def open_session() -> Iterator[Session]:
        with store.reading() as session:
            yield session
        with has_looked:
            looks[threading.get_ident()] += 1
            has_looked.notify_all()

    watcher = RunWatcher(open_session, threads=threads)
    options = {"after": 0, "limit": 9}
    waiters = [
        threading.Thread(target=watcher.watch, args=(run_id,), kwargs=options | {"wait_s": LONG_S})
        for _ in range(room)
    ]
    for waiter in waiters:
        waiter.start()
    with has_looked:
        # Whoever looks a second time has a place.
        assert has_looked.wait_for(lambda: sum(n > 1 for n in looks.values()) == room, LONG_S)
    assert look(watcher.watch(run_id, after=0, limit=9, wait_s=0.05)) == ([], 0, False)
    assert looks[threading.get_ident()] == 1
    watcher.close()
    for waiter in waiters:
        waiter.join(LONG_S)


def test_room_is_given_back(store: Database, run_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_LOOK_S", 0.001)
    turns = Turns(store)
    watcher = RunWatcher(turns, threads=1)
    for _ in range(3):
        before = turns.opened
        watcher.watch(run_id, after=0, limit=9, wait_s=0.01)
        assert turns.opened > before + 1


def test_all_who_wait_are_answered_when_the_process_stops(store: Database, run_id: int) -> None:
    watcher = RunWatcher(store.reading, threads=4)
    found: list[Progress] = []
    thread = threading.Thread(
        target=lambda: found.append(watcher.watch(run_id, after=0, limit=9, wait_s=LONG_S))
    )
    thread.start()
    watcher.close()
    thread.join(timeout=LONG_S / 2)
    assert [look(one) for one in found] == [([], 0, False)]
    assert look(watcher.watch(run_id, after=0, limit=9, wait_s=LONG_S)) == ([], 0, False)


def test_the_log_of_a_live_run_is_that_of_its_events(
    store: Database, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_EVENTS_AT_ONCE", 2)
    watcher = RunWatcher(store.reading, threads=4)
    assert b"".join(watcher.iter_log(run_id)) == b""
    add_events(store, run_id, 1, 2, 3, text="é\nx")
    add_events(store, run_id, 4, 5, text="")
    add_events(store, run_id, 6, text="end")
    expected = "é\nx\n" * 3 + "end\n"
    assert b"".join(watcher.iter_log(run_id)).decode() == expected


def test_the_log_of_a_run_that_has_ended_is_that_of_its_parts(store: Database, run_id: int) -> None:
    add_events(store, run_id, 1, text="not the log")
    with store.writing() as session:
        for number, text in [(1, "two\n"), (0, "one\n"), (10, "three\n")]:
            body = zlib.compress(text.encode())
            session.add(LogChunk(run_id=run_id, number=number, body=body))
    turns = Turns(store)
    parts = []
    for part in RunWatcher(turns, threads=4).iter_log(run_id):
        # The client may take its time, and holds no connection meanwhile.
        assert turns.open == 0
        parts.append(part)
    assert parts == [b"one\n", b"two\n", b"three\n"]


def test_a_run_that_is_not_there_has_no_log(store: Database) -> None:
    watcher = RunWatcher(store.reading, threads=4)
    # At once, while the answer can still be another one.
    with pytest.raises(NotFound, match="There is no run 99"):
        watcher.iter_log(99)
    with store.reading() as session, pytest.raises(NotFound):
        get_run(session, 99)


def read_stream(parts: Iterator[bytes]) -> list[tuple[int, str, list[int]]]:
    """Return id, kind and counters of each event of a stream."""
    found = []
    for block in b"".join(parts).decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        fields = dict(line.split(": ", 1) for line in lines)
        if "data" in fields:
            counters = [one["counter"] for one in json.loads(fields["data"]).get("events", [])]
            found.append((int(fields["id"]), fields["event"], counters))
    return found


def test_a_stream_has_each_event_and_the_end(store: Database, run_id: int) -> None:
    add_events(store, run_id, 1, 2)
    turns = Turns(
        store,
        nothing,
        lambda: add_events(store, run_id, 3, text="two\nlines"),
        nothing,
        lambda: end(store, run_id),
    )
    parts = RunWatcher(turns, threads=2).stream(run_id, after=0)
    assert read_stream(parts) == [
        (2, "progress", [1, 2]),
        (3, "progress", [3]),
        (3, "progress", []),
        (3, "end", []),
    ]
    assert turns.open == 0


def test_a_stream_resumes_after_the_last_id(store: Database, run_id: int) -> None:
    add_events(store, run_id, 1, 2, 3)
    end(store, run_id)
    parts = RunWatcher(store.reading, threads=2).stream(run_id, after=2)
    assert read_stream(parts) == [(3, "progress", [3]), (3, "end", [])]


def test_a_stream_comes_in_batches(
    store: Database, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_STREAMED_AT_ONCE", 2)
    add_events(store, run_id, 1, 2, 3)
    end(store, run_id)
    parts = RunWatcher(store.reading, threads=2).stream(run_id, after=0)
    assert [counters for _, _, counters in read_stream(parts)] == [[1, 2], [3], []]


def test_a_stream_without_room_is_told_to_ask_elsewhere_and_room_comes_back(
    store: Database, run_id: int
) -> None:
    watcher = RunWatcher(store.reading, threads=2)
    first = watcher.stream(run_id, after=0)
    next(first)
    assert read_stream(watcher.stream(run_id, after=7)) == [(7, "busy", [])]
    first.close()  # type: ignore[attr-defined] # a generator, which the server closes
    end(store, run_id)
    assert read_stream(watcher.stream(run_id, after=0))[-1] == (0, "end", [])


def test_a_silent_stream_says_that_it_is_there_and_ends_in_time(
    store: Database, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_LOOK_S", 0.01)
    monkeypatch.setattr(watching, "_COMMENT_S", 0.02)
    monkeypatch.setattr(watching, "_STREAM_S", 0.2)
    text = b"".join(RunWatcher(store.reading, threads=2).stream(run_id, after=0))
    assert b": still there\n\n" in text
    assert b"event: end" not in text


def test_a_stream_ends_when_the_process_stops(store: Database, run_id: int) -> None:
    watcher = RunWatcher(store.reading, threads=2)
    watcher.close()
    assert read_stream(watcher.stream(run_id, after=0)) == [(0, "progress", [])]


def test_a_run_that_is_not_there_has_no_stream(store: Database) -> None:
    with pytest.raises(NotFound):
        RunWatcher(store.reading, threads=2).stream(7, after=0)

# SPDX-License-Identifier: Apache-2.0
"""What a run reports, as it happens: events at once, results, and the log part by part."""

import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from inventory_service.http.dependencies import EXTENSION
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.routes.reports import MOST_WAIT_S
from inventory_service.runs.watching import RunWatcher
from tests.service.conftest import Caller
from tests.service.runs.routes.conftest import Order, Recorder, make_event, make_play

#: Less than anybody waits, and more than an answer takes.
SOON_S = 5.0


@pytest.fixture
def live(order: Order, recorder: Recorder) -> int:
    """Return the number of a run that was begun and has reported nothing."""
    run_id = order()
    recorder.begin(run_id)
    return run_id


class Waiting:
    """Somebody who waits for events in a thread of their own."""

    def __init__(self, caller: Caller, path: str) -> None:
        self._caller = Caller(caller.client.application.test_client(), caller.token)
        self.answer: Any = None
        self._thread = threading.Thread(target=self._ask, args=(path,))
        self._thread.start()

    def _ask(self, path: str) -> None:
        self.answer = self._caller.get(path)

    def join(self) -> Any:
        """Return the answer, which must come soon."""
        self._thread.join(SOON_S)
        assert not self._thread.is_alive()
        return self.answer

    @property
    def is_waiting(self) -> bool:
        return self._thread.is_alive()


def get_watcher(app: Flask) -> RunWatcher:
    found: RunWatcher = app.extensions[EXTENSION].components[RunWatcher]
    return found


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_events_come_in_pages_and_each_once(viewer: Caller, live: int, recorder: Recorder) -> None:
    recorder.add(live, [make_event(number) for number in range(1, 6)])
    seen, after = [], 0
    for _ in range(3):
        page = viewer.get(f"/api/v1/runs/{live}/events?after={after}&limit=2")
        seen += [event["counter"] for event in page["events"]]
        after = page["next_after"]
        assert not page["is_complete"]
    assert (seen, after) == ([1, 2, 3, 4, 5], 5)
    again = viewer.get(f"/api/v1/runs/{live}/events?after=5")
    assert (again["events"], again["next_after"]) == ([], 5)
    assert again["run"]["state"] == "running"
    assert again["run"]["event_count"] == 5


def test_an_event_is_shown_with_its_play_task_and_host(
    viewer: Caller, live: int, recorder: Recorder
) -> None:
    recorder.add(live, make_play())
    event = viewer.get(f"/api/v1/runs/{live}/events")["events"][1]
    assert event == {
        "counter": 2,
        "kind": "runner_on_ok",
        "at": "2026-11-27T10:00:02Z",
        "play": "All",
        "task": "Ping",
        "host": "web-1",
        "is_changed": True,
        "text": "line 2",
        "slice_no": None,
    }


def test_a_run_that_has_ended_is_complete_with_its_last_page(
    viewer: Caller, live: int, recorder: Recorder
) -> None:
    recorder.add(live, make_play())
    recorder.end(live, RunState.SUCCESSFUL)
    path = f"/api/v1/runs/{live}/events"
    assert not viewer.get(f"{path}?limit=4")["is_complete"]
    for query in ("?limit=5", "?after=4&limit=4", "?after=99", f"?after=4&wait={MOST_WAIT_S}"):
        assert viewer.get(path + query)["is_complete"], query


@pytest.mark.parametrize(
    "query", ["after=-1", "limit=0", "limit=5001", "wait=-1", "wait=26", "x=1"]
)
def test_a_question_out_of_bounds_is_refused(viewer: Caller, live: int, query: str) -> None:
    viewer.get(f"/api/v1/runs/{live}/events?{query}", status=422)


def test_who_waits_is_answered_as_soon_as_there_is_an_event(
    viewer: Caller, live: int, recorder: Recorder
) -> None:
    recorder.add(live, [make_event(1)])
    waiting = Waiting(viewer, f"/api/v1/runs/{live}/events?after=1&wait={MOST_WAIT_S}")
    recorder.add(live, [make_event(2)])
    answer = waiting.join()
    assert [event["counter"] for event in answer["events"]] == [2]


def test_who_waits_is_answered_when_the_run_ends(
    viewer: Caller, live: int, recorder: Recorder
) -> None:
    waiting = Waiting(viewer, f"/api/v1/runs/{live}/events?wait={MOST_WAIT_S}")
    recorder.end(live, RunState.FAILED)
    answer = waiting.join()
    assert (answer["is_complete"], answer["events"]) == (True, [])
    assert answer["run"]["state"] == "failed"


def test_who_finds_no_room_to_wait_is_answered_at_once_and_others_too(
    app: Flask, viewer: Caller, live: int, recorder: Recorder
) -> None:
    gate = get_watcher(app)._gate
    path = f"/api/v1/runs/{live}/events?wait={MOST_WAIT_S}"
    # Half of the four threads.
    those = [Waiting(viewer, path) for _ in range(2)]
    wait_until(lambda: gate._value == 0)
    begun = time.monotonic()
    assert viewer.get(path)["events"] == []
    assert viewer.get("/api/v1/status")
    assert time.monotonic() - begun < SOON_S
    assert all(one.is_waiting for one in those)
    recorder.add(live, [make_event(1)])
    for one in those:
        assert len(one.join()["events"]) == 1
    # Their places are free again.
    wait_until(lambda: gate._value == 2)


def test_nobody_is_kept_waiting_when_the_process_stops(
    app: Flask, viewer: Caller, live: int
) -> None:
    waiting = Waiting(viewer, f"/api/v1/runs/{live}/events?wait={MOST_WAIT_S}")
    get_watcher(app).close()
    assert waiting.join()["events"] == []


def test_results_are_shown_by_host_and_by_task(
    viewer: Caller, live: int, recorder: Recorder
) -> None:
    for kind in ("hosts", "tasks"):
        assert viewer.get(f"/api/v1/runs/{live}/{kind}") == {"items": []}
    recorder.add(live, make_play(failed="web-2"))
    hosts = viewer.get(f"/api/v1/runs/{live}/hosts")["items"]
    counts = {host["host"]: (host["ok"], host["changed"], host["failed"]) for host in hosts}
    assert counts == {"web-1": (1, 1, 0), "web-2": (0, 0, 1)}
    (task,) = viewer.get(f"/api/v1/runs/{live}/tasks")["items"]
    assert (task["number"], task["play"], task["task"]) == (1, "All", "Ping")
    assert (task["ok"], task["changed"], task["failed"]) == (1, 1, 1)
    assert (task["started_at"], task["ended_at"]) == (
        "2026-11-27T10:00:01Z",
        "2026-11-27T10:00:04Z",
    )
    results = viewer.get(f"/api/v1/runs/{live}")["results"]
    assert results == {"ok": 1, "changed": 1, "failed": 1, "unreachable": 0}


def test_events_that_are_missing_are_counted(viewer: Caller, live: int, recorder: Recorder) -> None:
    recorder.add(live, [make_event(1), make_event(4)])
    run = viewer.get(f"/api/v1/runs/{live}")
    assert (run["event_count"], run["missing_events"]) == (2, 2)


def download(caller: Caller, run_id: int) -> Any:
    return caller.call("GET", f"/api/v1/runs/{run_id}/log", status=200)


def test_the_log_of_a_live_run_is_what_there_is_by_now(
    viewer: Caller, live: int, recorder: Recorder
) -> None:
    assert download(viewer, live).data == b""
    # More than are read at once.
    events = [make_event(number, text="zażółć" if number % 2 else "") for number in range(1, 2102)]
    recorder.add(live, events)
    answer = download(viewer, live)
    assert answer.data == ("zażółć\n" * 1051).encode()
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="run-{live}.log"'


def test_the_log_of_a_run_that_has_ended_is_what_was_compressed(
    viewer: Caller, live: int, recorder: Recorder
) -> None:
    recorder.add(live, [make_event(1, text="event")])
    parts = [b"a" * 100_000, "ż\n".encode(), b"end\n"]
    recorder.end(live, RunState.FAILED, log=[zlib.compress(part) for part in parts])
    assert download(viewer, live).data == b"".join(parts)


def test_a_slow_reader_of_a_log_keeps_no_session_open(
    app: Flask, live: int, recorder: Recorder
) -> None:
    parts = get_watcher(app).iter_log(live)
    recorder.add(live, [make_event(number) for number in range(1, 1003)])
    assert next(parts).startswith(b"line 1\n")
    pool = recorder.database.engine.pool
    assert pool.checkedout() == 0  # type: ignore[attr-defined] # not of the base class
    assert b"line 1001\nline 1002\n" in next(parts)


def test_a_stream_is_of_server_sent_events_and_resumes(
    viewer: Caller, live: int, recorder: Recorder
) -> None:
    recorder.add(live, [make_event(1), make_event(2)])
    recorder.end(live, RunState.FAILED)
    path = f"/api/v1/runs/{live}/stream"
    answer = viewer.call("GET", path, status=200, headers={"Last-Event-ID": "1"})
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    text = answer.get_data(as_text=True)
    assert '"counter":2' in text
    assert '"counter":1,' not in text
    assert "event: end" in text
    viewer.call("GET", path, status=422, headers={"Last-Event-ID": "x"})
    viewer.get("/api/v1/runs/999/stream", status=404)

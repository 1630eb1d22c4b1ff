# SPDX-License-Identifier: Apache-2.0
"""Runs as they happen: those who watch wait here, and never so many that others have to."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from inventory_service.runs import queries
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.orders import get_run
from inventory_service.runs.usecases.reports import show_events
from inventory_service.runs.usecases.slices import show_counted, show_slices

#: How often the database is asked while somebody waits.
_LOOK_S = 0.2
#: The share of a process's threads that may wait.
_SHARE = 2
_EVENTS_AT_ONCE = 1000

_STREAMED_AT_ONCE = 200
#: How long a stream lasts, after which its client comes again.
_STREAM_S = 300
#: How long it may be silent.
_COMMENT_S = 15

OpenSession = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Progress:
    """New events of a run, and how far it is."""

    events: Sequence[dict[str, Any]]
    #: The cursor for the next question.
    last: int
    run: dict[str, Any]
    #: Whether no event will follow those up to `last`.
    is_complete: bool

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see."""
        return {
            "events": self.events,
            "next_after": self.last,
            "run": self.run,
            "is_complete": self.is_complete,
        }


class RunWatcher:
    """Answers those who watch runs, as many at once as there is room for."""

    def __init__(self, open_session: OpenSession, *, threads: int) -> None:
        self._open = open_session
        self._gate = threading.BoundedSemaphore(max(threads // _SHARE, 1))
        self._is_closing = threading.Event()

    def close(self) -> None:
        """Answer all who wait at once: the process is asked to stop."""
        self._is_closing.set()

    def watch(self, run_id: int, *, after: int, limit: int, wait_s: float) -> Progress:
        """Return the events after a counter; where there are none, wait for some.

        Whoever finds no room to wait is answered at once, and asks again after a pause.

        :raises NotFound: no such run.
        """
        progress = self._read(run_id, after, limit)
        if progress.events or progress.is_complete or wait_s <= 0:
            return progress
        if not self._gate.acquire(blocking=False):
            return progress
        try:
            deadline = time.monotonic() + wait_s
            while time.monotonic() < deadline and not self._is_closing.wait(_LOOK_S):
                progress = self._read(run_id, after, limit)
                if progress.events or progress.is_complete:
                    break
            return progress
        finally:
            self._gate.release()

    def stream(self, run_id: int, *, after: int) -> Iterator[bytes]:
        """Return server-sent events: those of the run after a counter, then its end.

        https://html.spec.whatwg.org/multipage/server-sent-events.html. Who comes again with the
        last `id` as the counter sees each event once. Where there is no room, one event `busy`
        is all, and the client asks again by `watch`.

        :raises NotFound: no such run.
        """
        progress = self._read(run_id, after, _STREAMED_AT_ONCE)
        return self._iter_stream(run_id, progress)

    def _iter_stream(self, run_id: int, progress: Progress) -> Iterator[bytes]:
        if not self._gate.acquire(blocking=False):
            yield _format("busy", progress.last, {})
            return
        try:
            yield b"retry: 3000\n\n"
            deadline = time.monotonic() + _STREAM_S
            silent_since, state = time.monotonic(), ""
            while True:
                if progress.events or progress.run["state"] != state:
                    state, silent_since = progress.run["state"], time.monotonic()
                    yield _format("progress", progress.last, progress.as_dict())
                elif time.monotonic() - silent_since > _COMMENT_S:
                    silent_since = time.monotonic()
                    # A proxy closes what is silent.
                    yield b": still there\n\n"
                if progress.is_complete:
                    yield _format("end", progress.last, progress.run)
                    return
                is_full = len(progress.events) == _STREAMED_AT_ONCE
                if time.monotonic() > deadline or self._is_closing.wait(0 if is_full else _LOOK_S):
                    return
                progress = self._read(run_id, progress.last, _STREAMED_AT_ONCE)
        finally:
            self._gate.release()

    def iter_log(self, run_id: int) -> Iterator[bytes]:
        """Yield the log of a run, part by part; of a live one, what is stored by now.

        That of a sliced run has those of its slices one after the other.
        No session is open between two parts: the client may read slowly.

        :raises NotFound: no such run.
        """
        with self._open() as session:
            run = get_run(session, run_id)
            parts = [(part["id"], _make_heading(part)) for part in show_slices(session, run)]
            numbers = queries.list_log_numbers(session, run_id)
        if parts:
            return self._iter_parts(parts)
        return self._iter_chunks(run_id, numbers) if numbers else self._iter_texts(run_id)

    def _iter_parts(self, parts: Sequence[tuple[int, str]]) -> Iterator[bytes]:
        """Yield the logs of slices one after the other, as each of them reads on its own."""
        for run_id, heading in parts:
            yield heading.encode()
            yield from self.iter_log(run_id)

    def _iter_chunks(self, run_id: int, numbers: Sequence[int]) -> Iterator[bytes]:
        for number in numbers:
            with self._open() as session:
                part = queries.read_log_chunk(session, run_id, number)
            yield part

    def _iter_texts(self, run_id: int) -> Iterator[bytes]:
        after = 0
        while True:
            with self._open() as session:
                rows = queries.list_events(session, run_id, after=after, limit=_EVENTS_AT_ONCE)
                texts = [row.text for row in rows if row.text]
                after = rows[-1].counter if rows else after
            if not rows:
                return
            yield "".join(f"{text}\n" for text in texts).encode()

    def _read(self, run_id: int, after: int, limit: int) -> Progress:
        with self._open() as session:
            run: Run = get_run(session, run_id)
            events, last = show_events(session, run, after=after, limit=limit)
            has_ended = RunState(run.state) in ENDED
            return Progress(
                events,
                last,
                show_counted(session, run),
                is_complete=has_ended and len(events) < limit,
            )


def _make_heading(part: Mapping[str, Any]) -> str:
    why = f": {part['state_reason']}" if part["state_reason"] else ""
    return f"\n# Slice {part['slice_no']} (run {part['id']}) is {part['state']}{why}\n"


def _format(kind: str, last: int, document: dict[str, Any]) -> bytes:
    data = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (last, kind.encode(), data)

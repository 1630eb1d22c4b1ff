# SPDX-License-Identifier: Apache-2.0
"""Store what runs report: events, results, the log; and read it."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from inventory_service.runs import queries
from inventory_service.runs.domain.events import RESULTS, RunEvent, Tally
from inventory_service.runs.domain.slices import merge_hosts, merge_tasks
from inventory_service.runs.models.reports import HostResult, LogChunk, StoredEvent, TaskResult
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.slices import SliceBatch
from inventory_service.runs.usecases.orders import get_run
from inventory_service.runs.usecases.slices import list_report_ids

#: What a column of a host's name holds.
_MOST_NAME = 253


def find_last_counter(session: Session, run_id: int) -> int:
    """Return the counter of the last event of a run that is stored, or 0."""
    query = select(func.max(StoredEvent.counter)).where(StoredEvent.run_id == run_id)
    return session.execute(query).scalar_one() or 0


def store_events(session: Session, run: Run, events: Sequence[RunEvent], tally: Tally) -> None:
    """Store events, none of which is stored already, and the results that they changed."""
    if events:
        session.execute(insert(StoredEvent), [_make_row(run.id, event) for event in events])
        if run.slice_of is not None:
            _place(session, run, run.slice_of, [event.counter for event in events])
    hosts, tasks = tally.list_changes()
    for name, counts in hosts.items():
        session.merge(HostResult(run_id=run.id, host=name[:_MOST_NAME], **counts))
    for task in tasks:
        results = {name: task.results[name] for name in RESULTS if hasattr(TaskResult, name)}
        session.merge(
            TaskResult(
                run_id=run.id,
                number=task.number,
                play=task.play,
                task=task.task,
                started_at=task.started_at,
                ended_at=task.ended_at,
                **results,
            )
        )
    run.count(
        events=tally.last_counter - tally.missing,
        missing=tally.missing,
        results=tally.count_hosts(),
    )


def store_log(session: Session, run_id: int, number: int, body: bytes) -> None:
    """Store a compressed part of the log; one that is stored already is replaced."""
    session.merge(LogChunk(run_id=run_id, number=number, body=body))


def list_reports(kind: str, session: Session, run_id: int) -> list[dict[str, Any]]:
    """Return the hosts or tasks of a run, as outsiders see them.

    :raises NotFound: no such run.
    """
    run = get_run(session, run_id)
    ids = list_report_ids(session, run)
    found: Iterable[HostResult | TaskResult] = (
        queries.list_hosts(session, ids) if kind == "hosts" else queries.list_tasks(session, ids)
    )
    shown = [one.as_dict() for one in found]
    if not run.is_sliced:
        return shown
    return merge_hosts(shown) if kind == "hosts" else merge_tasks(shown)


def show_events(
    session: Session, run: Run, *, after: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Return events of a run, or of all its slices, after a cursor; and the next cursor."""
    if run.is_sliced:
        found = queries.list_slice_events(session, run.id, after=after, limit=limit)
    else:
        rows = queries.list_events(session, run.id, after=after, limit=limit)
        found = [(row, row.counter, run.slice_no) for row in rows]
    shown = [row.as_dict() | {"counter": place, "slice_no": no} for row, place, no in found]
    return shown, shown[-1]["counter"] if shown else after


def _place(session: Session, run: Run, whole: int, counters: Sequence[int]) -> None:
    """Give events of a slice, which are stored together, their place among those of all slices."""
    first, last = min(counters), max(counters)
    position = queries.find_last_position(session, whole) + last - first + 1
    session.add(
        SliceBatch(
            slice_of=whole,
            last_position=position,
            run_id=run.id,
            first_counter=first,
            last_counter=last,
        )
    )


def _make_row(run_id: int, event: RunEvent) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "counter": event.counter,
        "kind": event.kind,
        "at": event.at,
        "play": event.play,
        "task": event.task,
        "host": event.host and event.host[:_MOST_NAME],
        "is_changed": event.is_changed,
        "text": event.text,
    }

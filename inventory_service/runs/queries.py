# SPDX-License-Identifier: Apache-2.0
"""Reads of runs that are larger than a row: those that wait, live or lapse, events, results."""

import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from inventory_service.runs.domain.states import ENDED, LIVE, WAITING, RunState
from inventory_service.runs.models.reports import HostResult, LogChunk, StoredEvent, TaskResult
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.slices import SliceBatch

#: How many runs that wait are looked at in one turn, so that it stays short.
MOST_WAITING = 500


def list_waiting(session: Session) -> Sequence[Run]:
    """Return the runs that may start as soon as there is room, oldest first."""
    # Slices first: the run that they are part of is live already.
    order = (case((Run.slice_of.is_(None), 1), else_=0), Run.id)
    is_due = Run.not_before.is_(None) | (Run.not_before <= datetime.now(UTC))
    query = _in_states(WAITING).where(is_due).order_by(*order).limit(MOST_WAITING)
    return session.scalars(query).all()


def list_live(session: Session) -> Sequence[Run]:
    """Return the runs that have a supervisor or get one, oldest first."""
    return session.scalars(_in_states(LIVE).order_by(Run.id)).all()


def has_work(session: Session) -> bool:
    """Return whether a run waits."""
    query = select(Run.id).where(Run.state.in_(_values(WAITING))).limit(1)
    return session.scalars(query).first() is not None


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many runs are in each state."""
    query = select(Run.state, func.count()).group_by(Run.state)
    return {row[0]: row[1] for row in session.execute(query)}


def count_ended(session: Session) -> list[tuple[str, str, int]]:
    """Return how many runs of each template ended in which state, without slices."""
    query = (
        select(Run.template, Run.state, func.count())
        .where(Run.state.in_(_values(ENDED)), Run.is_whole())
        .group_by(Run.template, Run.state)
        .order_by(Run.template, Run.state)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def find_oldest_waiting(session: Session) -> datetime | None:
    """Return since when the oldest of the runs waits that could start, or None if none waits."""
    query = _in_states(WAITING).order_by(Run.id).limit(1)
    run = session.scalars(query).first()
    return None if run is None else run.created_at


def list_slices(session: Session, run_id: int) -> Sequence[Run]:
    """Return the slices of a run, in order."""
    return session.scalars(
        select(Run).where(Run.slice_of == run_id).order_by(Run.slice_no, Run.id)
    ).all()


def list_slice_events(
    session: Session, run_id: int, *, after: int, limit: int
) -> list[tuple[StoredEvent, int, int | None]]:
    """Return events of all slices of a run, in the order in which they were stored.

    With each is its position, from the one after that one on, and which slice it is of.
    """
    position = SliceBatch.last_position - SliceBatch.last_counter + StoredEvent.counter
    query = (
        select(StoredEvent, position, Run.slice_no)
        .join(SliceBatch, SliceBatch.run_id == StoredEvent.run_id)
        .join(Run, Run.id == SliceBatch.run_id)
        .where(
            SliceBatch.slice_of == run_id,
            # The batches of what is known already are not looked at.
            SliceBatch.last_position > after,
            StoredEvent.counter.between(SliceBatch.first_counter, SliceBatch.last_counter),
            position > after,
        )
        .order_by(SliceBatch.last_position, StoredEvent.counter)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def find_last_position(session: Session, run_id: int) -> int:
    """Return the position of the last event of the slices of a run, or 0."""
    query = select(func.max(SliceBatch.last_position)).where(SliceBatch.slice_of == run_id)
    return session.execute(query).scalar_one() or 0


def list_events(session: Session, run_id: int, *, after: int, limit: int) -> Sequence[StoredEvent]:
    """Return events of a run in their order, from the one after that counter on."""
    query = (
        select(StoredEvent)
        .where(StoredEvent.run_id == run_id, StoredEvent.counter > after)
        .order_by(StoredEvent.counter)
        .limit(limit)
    )
    return session.scalars(query).all()


def list_hosts(session: Session, run_ids: Sequence[int]) -> Sequence[HostResult]:
    """Return the results of the hosts of some runs, by name."""
    query = select(HostResult).where(HostResult.run_id.in_(run_ids))
    return session.scalars(query.order_by(HostResult.host, HostResult.run_id)).all()


def list_failed_hosts(session: Session, run_ids: Sequence[int]) -> list[str]:
    """Return the hosts of some runs that failed or were unreachable, by name."""
    is_bad = (HostResult.failed > 0) | (HostResult.unreachable > 0)
    query = select(HostResult.host).where(HostResult.run_id.in_(run_ids), is_bad).distinct()
    return list(session.scalars(query.order_by(HostResult.host)))


def list_tasks(session: Session, run_ids: Sequence[int]) -> Sequence[TaskResult]:
    """Return the tasks of some runs, in the order in which they began in each."""
    query = select(TaskResult).where(TaskResult.run_id.in_(run_ids))
    return session.scalars(query.order_by(TaskResult.number, TaskResult.run_id)).all()


def list_log_numbers(session: Session, run_id: int) -> Sequence[int]:
    """Return the numbers of the parts of a run's log; none while it is live."""
    query = select(LogChunk.number).where(LogChunk.run_id == run_id).order_by(LogChunk.number)
    return session.scalars(query).all()


def read_log_chunk(session: Session, run_id: int, number: int) -> bytes:
    """Return a part of a run's log, or nothing if it was pruned by now."""
    chunk = session.get(LogChunk, (run_id, number))
    return b"" if chunk is None else zlib.decompress(chunk.body)


def _in_states(states: Iterable[RunState]) -> Select[Run]:
    return select(Run).where(Run.state.in_(_values(states)))


def _values(states: Iterable[RunState]) -> list[str]:
    return sorted(state.value for state in states)

# SPDX-License-Identifier: Apache-2.0
"""Pruning of the events of runs, apart from the runs: results, tasks and the log are kept."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, aliased

from inventory_service.runs.models.reports import StoredEvent
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.slices import SliceBatch


def prune_events(
    session: Session, retention: timedelta | None, *, keep_runs: int, limit: int
) -> int:
    """Delete events of runs that ended before the retention, the oldest first; return how many.

    Those of the last ``keep_runs`` runs of each template are kept. ``retention`` None keeps all.
    """
    if retention is None:
        return 0
    run_id = _find_oldest(session, datetime.now(UTC) - retention, keep_runs)
    if run_id is None:
        return 0
    first = session.execute(
        select(func.min(StoredEvent.counter)).where(StoredEvent.run_id == run_id)
    ).scalar_one()
    gone = session.execute(
        delete(StoredEvent)
        .where(StoredEvent.run_id == run_id, StoredEvent.counter < first + limit)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        delete(SliceBatch)
        .where(SliceBatch.run_id == run_id, SliceBatch.last_counter < first + limit)
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined] # of a statement that changes rows


def _find_oldest(session: Session, before: datetime, keep_runs: int) -> int | None:
    newer = aliased(Run)
    followers = (
        select(func.count())
        .where(newer.template == Run.template, newer.id > Run.id, newer.is_whole())
        .correlate(Run)
        .scalar_subquery()
    )
    query = (
        select(Run.id)
        .where(
            Run.ended_at < before,
            select(StoredEvent.counter).where(StoredEvent.run_id == Run.id).exists(),
            followers >= keep_runs,
        )
        .order_by(Run.id)
        .limit(1)
    )
    return session.scalars(query).first()

# SPDX-License-Identifier: Apache-2.0
"""Pruning of expired audit records and stored answers.

docs/decisions/0010-retention.md describes when it happens.
"""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from inventory_service.core.audit_log import REFUSE, AuditRecord
from inventory_service.core.clock import max_plausible_time
from inventory_service.core.idempotency import IdempotentResponse, prune_responses
from inventory_service.core.revision import Fleet

#: How many rows a change of the fleet prunes: more than it adds, and too few to slow it down.
SMALL_BATCH = 100
#: How many rows a transaction of `qm prune` deletes: writers wait no longer than for these.
BATCH = 1000


@dataclass(frozen=True)
class StoredCounts:
    """The numbers of stored records and answers, and the time of the oldest record."""

    records: int
    oldest: datetime | None
    answers: int


@dataclass(frozen=True)
class Pruned:
    """The numbers of records and answers that one batch deleted."""

    records: int
    answers: int


def prune_expired(session: Session, retention: timedelta | None, *, limit: int) -> Pruned:
    """Delete what is expired, the oldest first; ``retention`` None keeps records for ever."""
    now = datetime.now(UTC)
    records = 0 if retention is None else _forget_records(session, now, retention, limit)
    return Pruned(records, prune_responses(session, now, limit=limit))


def count_stored(session: Session) -> StoredCounts:
    """Return the stored counts; records are counted by their ids: there may be millions."""
    oldest = select(AuditRecord.id, AuditRecord.at).order_by(AuditRecord.id).limit(1)
    first = session.execute(oldest).one_or_none()
    last = session.scalar(select(func.max(AuditRecord.id))) or 0
    return StoredCounts(
        records=last - first.id + 1 if first else 0,
        oldest=first.at if first else None,
        answers=session.execute(select(func.count()).select_from(IdempotentResponse)).scalar_one(),
    )


def _forget_records(session: Session, now: datetime, retention: timedelta, limit: int) -> int:
    before = now - retention
    oldest = select(
        AuditRecord.id, AuditRecord.at, AuditRecord.action, AuditRecord.revision
    ).order_by(AuditRecord.id)
    first = session.execute(oldest.limit(1)).one_or_none()
    if first is not None and first.at > max_plausible_time(now):
        # A clock that was ahead made it: it is older than the first one with a plausible time.
        # The hint makes SQLite search in the order of ids, where that one is near.
        known = oldest.where(AuditRecord.at <= max_plausible_time(now)).limit(1)
        first = session.execute(known.with_hint(AuditRecord, "NOT INDEXED", "sqlite")).one_or_none()
    if first is None or first.at >= before:
        return 0
    known_id = first.id
    # From the beginning without a gap, so that one number shows which are missing. A clock that was
    # set back can make a record look old; it is deleted after those before it.
    gone = list(
        itertools.takewhile(
            lambda entry: entry.id <= known_id or entry.at < before,
            session.execute(oldest.limit(limit)),
        )
    )
    session.execute(
        delete(AuditRecord)
        .where(AuditRecord.id <= gone[-1].id)
        .execution_options(synchronize_session=False)
    )
    fleet = session.execute(select(Fleet)).scalar_one()
    changes = [entry.revision for entry in gone if entry.action != REFUSE]
    fleet.forgotten_revision = max([fleet.forgotten_revision, *changes])
    return len(gone)

# SPDX-License-Identifier: Apache-2.0
"""What is kept for a time only: audit records, with the changes that they tell.

docs/decisions/0010-retention.md tells when this is done.
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

#: What each act that adds records may take away: more than it adds, and too little to be felt.
SMALL_BATCH = 100
#: What a transaction that does nothing else takes away; writers wait for no more than that.
BATCH = 1000


@dataclass(frozen=True)
class StoredCounts:
    """How much is kept."""

    records: int
    oldest: datetime | None
    answers: int


@dataclass(frozen=True)
class Pruned:
    """How much one batch took away."""

    records: int
    answers: int


def prune_expired(session: Session, retention: timedelta | None, *, limit: int) -> Pruned:
    """Forget what is too old, the oldest first; ``retention`` is for records, None for ever."""
    now = datetime.now(UTC)
    records = 0 if retention is None else _forget_records(session, now, retention, limit)
    return Pruned(records, prune_responses(session, now, limit=limit))


def count_stored(session: Session) -> StoredCounts:
    """Return how much is kept; records are counted by their ids, since there may be millions."""
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
        # A clock that was ahead made it: it is older than the first one of which the time is known.
        # SQLite is told to keep to the order, in which that one is near.
        known = oldest.where(AuditRecord.at <= max_plausible_time(now)).limit(1)
        first = session.execute(known.with_hint(AuditRecord, "NOT INDEXED", "sqlite")).one_or_none()
    if first is None or first.at >= before:
        return 0
    known_id = first.id
    # From the beginning without a gap, so that one number says what is missing. A clock that was
    # set back once can make a record look old; it goes when those before it go.
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

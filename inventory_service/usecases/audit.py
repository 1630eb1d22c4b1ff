# SPDX-License-Identifier: Apache-2.0
"""Reading the audit."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.domain.actors import Actor
from inventory_service.storage.models import AuditRecord
from inventory_service.storage.models.audit import REFUSE, record_refusal


def list_records(
    session: Session, *, noun: str | None, subject: str | None, before: int | None, limit: int
) -> Sequence[AuditRecord]:
    """Return records, newest first; those before an id that was seen last."""
    query = select(AuditRecord).order_by(AuditRecord.id.desc()).limit(limit)
    if noun is not None:
        query = query.where(AuditRecord.noun == noun)
    if subject is not None:
        query = query.where(AuditRecord.subject == subject)
    if before is not None:
        query = query.where(AuditRecord.id < before)
    return session.scalars(query).all()


def list_changes(session: Session, *, since: int, after: int, limit: int) -> Sequence[AuditRecord]:
    """Return what changed after a revision, oldest first; those after an id seen last."""
    query = (
        select(AuditRecord)
        .where(
            AuditRecord.revision > since,
            AuditRecord.id > after,
            AuditRecord.action != REFUSE,
        )
        .order_by(AuditRecord.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def note_refusal(session: Session, actor: Actor, request: str, *, status: int, reason: str) -> None:
    """Note that somebody with a token was refused something."""
    record_refusal(session, actor, request, status=status, reason=reason)

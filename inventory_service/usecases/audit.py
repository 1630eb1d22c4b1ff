# SPDX-License-Identifier: Apache-2.0
"""Reading the audit."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.domain.actors import Actor
from inventory_service.domain.pages import Page
from inventory_service.storage.models import AuditRecord
from inventory_service.storage.models.audit import REFUSE, record_refusal
from inventory_service.storage.queries.pages import read_page


def list_records(
    session: Session, page: Page, *, noun: str | None, subject: str | None
) -> Sequence[AuditRecord]:
    """Return a page of records."""
    query = select(AuditRecord)
    if noun is not None:
        query = query.where(AuditRecord.noun == noun)
    if subject is not None:
        query = query.where(AuditRecord.subject == subject)
    return read_page(session, AuditRecord, query, page)


def list_changes(session: Session, page: Page, *, since: int) -> Sequence[AuditRecord]:
    """Return a page of what changed after a revision."""
    query = select(AuditRecord).where(AuditRecord.revision > since, AuditRecord.action != REFUSE)
    return read_page(session, AuditRecord, query, page)


def note_refusal(session: Session, actor: Actor, request: str, *, status: int, reason: str) -> None:
    """Note that somebody with a token was refused something."""
    record_refusal(session, actor, request, status=status, reason=reason)

# SPDX-License-Identifier: Apache-2.0
"""Reading the audit, and the changes that it tells."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel
from inventory_service.core.audit_log import REFUSE, AuditRecord, record_refusal
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import Gone
from inventory_service.core.pagination import Page
from inventory_service.core.revision import Fleet


class Outcome(enum.StrEnum):
    """How an act ended."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class RecordFilter:
    """Which records are asked for; None where all are. ``until`` itself is left out."""

    actor: str | None = None
    door: Channel | None = None
    action: str | None = None
    noun: str | None = None
    subject: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_records(session: Session, page: Page, wanted: RecordFilter) -> Sequence[AuditRecord]:
    """Return a page of records."""
    query = select(AuditRecord).where(*_conditions(wanted))
    return read_page(session, AuditRecord, query, page)


def list_changes(session: Session, page: Page, *, since: int) -> Sequence[AuditRecord]:
    """Return a page of what changed after a revision, in the order of revision and id.

    :raises Gone: not all of it is kept any more, or there is no such revision yet.
    """
    fleet = session.execute(select(Fleet)).scalar_one()
    _check_kept(fleet, since)
    if page.after is not None:
        # Records of the revision where the last page ended may be gone, too.
        _check_kept(fleet, int(str(page.after[0])) - 1)
    query = select(AuditRecord).where(AuditRecord.revision > since, AuditRecord.action != REFUSE)
    return read_page(session, AuditRecord, query, page)


def note_refusal(session: Session, actor: Actor, request: str, *, status: int, reason: str) -> None:
    """Note that somebody with a token was refused something."""
    record_refusal(session, actor, request, status=status, reason=reason)


def _conditions(wanted: RecordFilter) -> list[ColumnElement[bool]]:
    names = ("actor", "door", "action", "noun", "subject")
    asked = {name: getattr(wanted, name) for name in names}
    found = [getattr(AuditRecord, name) == value for name, value in asked.items() if value]
    if wanted.outcome is Outcome.REFUSED:
        found.append(AuditRecord.action == REFUSE)
    if wanted.outcome is Outcome.DONE:
        found.append(AuditRecord.action != REFUSE)
    if wanted.since is not None:
        found.append(AuditRecord.at >= wanted.since)
    if wanted.until is not None:
        found.append(AuditRecord.at < wanted.until)
    return found


def _check_kept(fleet: Fleet, since: int) -> None:
    if fleet.forgotten_revision <= since <= fleet.revision:
        return
    reason = (
        f"Changes are kept after revision {fleet.forgotten_revision} only"
        if since < fleet.forgotten_revision
        else f"The fleet is at revision {fleet.revision}; {since} belongs to another history of it"
    )
    raise Gone(
        f"{reason}. Take the revision of /api/v1/status, read all that you keep a copy of, and ask "
        "for the changes since that revision."
    )

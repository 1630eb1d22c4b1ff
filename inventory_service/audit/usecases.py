# SPDX-License-Identifier: Apache-2.0
"""Reading the audit log, and the changes since a revision."""

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
    """Filters for records; None matches all. ``since`` is inclusive, ``until`` exclusive."""

    actor: str | None = None
    door: Channel | None = None
    action: str | None = None
    noun: str | None = None
    subject: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_records(session: Session, page: Page, wanted: RecordFilter) -> Sequence[AuditRecord]:
    """Return a page of the matching records."""
    query = select(AuditRecord).where(*_conditions(wanted))
    return read_page(session, AuditRecord, query, page)


def list_changes(session: Session, page: Page, *, since: int) -> Sequence[AuditRecord]:
    """Return a page of the changes after a revision, in the order of revision and id.

    :raises Gone: some of them are pruned, or the fleet has not reached that revision.
    """
    fleet = session.execute(select(Fleet)).scalar_one()
    _check_kept(fleet, since)
    if page.after is not None:
        # Records of the revision at which the last page ended may be pruned by now.
        _check_kept(fleet, int(str(page.after[0])) - 1)
    query = select(AuditRecord).where(AuditRecord.revision > since, AuditRecord.action != REFUSE)
    return read_page(session, AuditRecord, query, page)


def record_denial(
    session: Session, actor: Actor, request: str, *, status: int, reason: str, times: int = 0
) -> None:
    """Add the record of a denied request by somebody with a token."""
    record_refusal(session, actor, request, status=status, reason=reason, times=times)


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

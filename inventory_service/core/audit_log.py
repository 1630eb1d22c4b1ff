# SPDX-License-Identifier: Apache-2.0
"""The audit log: who changed what, when, through which channel, with the state before and after."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from inventory_service.core.actors import Actor
from inventory_service.core.database.base import IS_HISTORY, Base, UTCDateTime
from inventory_service.core.redaction import redact
from inventory_service.core.revision import get_revision, next_revision

#: Action and noun of the record of a denied request.
REFUSE, REQUEST = "refuse", "request"


class AuditRecord(Base):
    """One change of the fleet, or one denied request; never changed, pruned after the retention."""

    __tablename__ = "audit_records"
    # One for each filter; all but the last end with the default order.
    __table_args__ = (
        Index("ix_audit_records_at", "at", "id"),
        Index("ix_audit_records_actor", "actor", "at", "id"),
        Index("ix_audit_records_action", "action", "at", "id"),
        Index("ix_audit_records_noun", "noun", "at", "id"),
        Index("ix_audit_records_subject", "subject", "noun", "at", "id"),
        Index("ix_audit_records_revision_id", "revision", "id"),
        {"info": {IS_HISTORY: True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(String(63))
    #: By what the account acted: the name of a token, or of a schedule.
    token: Mapped[str | None] = mapped_column(String(63))
    door: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(32))
    noun: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(255))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(String(1000))
    revision: Mapped[int]

    def as_dict(self) -> dict[str, Any]:
        """Return the public fields of the record."""
        return {column.key: getattr(self, column.key) for column in self.__table__.columns}


def record(  # noqa: PLR0913 - the columns of a record
    session: Session,
    actor: Actor,
    action: str,
    noun: str,
    subject: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> AuditRecord:
    """Return a new record of the transaction, which also raises the fleet's revision.

    Secrets are redacted, also a token that somebody pasted into a field or a path.
    """
    entry = AuditRecord(
        at=datetime.now(UTC),
        actor=actor.account,
        token=actor.token,
        door=actor.channel.value,
        action=action,
        noun=noun,
        subject=redact(subject),
        before=redact(before),
        after=redact(after),
        reason=redact(reason),
        revision=next_revision(session),
    )
    session.add(entry)
    return entry


def record_refusal(
    session: Session, actor: Actor, request: str, *, status: int, reason: str, times: int = 0
) -> None:
    """Add the record of a denied request, which leaves the fleet's revision as it is.

    ``times`` is the number of requests that one record is for, where it is for many.
    """
    session.add(
        AuditRecord(
            at=datetime.now(UTC),
            actor=actor.account,
            token=actor.token,
            door=actor.channel.value,
            action=REFUSE,
            noun=REQUEST,
            subject=_as_text(request, 255),
            before=None,
            after={"status": status} | ({"times": times} if times else {}),
            reason=_as_text(reason, 1000),
            revision=get_revision(session),
        )
    )


def _as_text(words: str, length: int) -> str:
    # A refusal quotes the request, and PostgreSQL's texts hold no NUL.
    return redact(words).replace("\x00", "\N{SYMBOL FOR NULL}")[:length]

# SPDX-License-Identifier: Apache-2.0
"""Approvals and rejections of runs: one a person, which stays."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from inventory_service.approvals.domain import Decision
from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import IS_HISTORY, Base, UTCDateTime


class Approval(Base):
    """What one person decided about a run, whose plan has this digest."""

    __tablename__ = "approvals"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    approver: Mapped[str] = mapped_column(String(63), primary_key=True)
    door: Mapped[str] = mapped_column(String(16))
    decision: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    comment: Mapped[str | None] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    revision: Mapped[int]

    @classmethod
    def give(
        cls,
        session: Session,
        actor: Actor,
        run_id: int,
        decision: Decision,
        *,
        digest: str,
        comment: str | None,
    ) -> "Approval":
        """Return a new approval or rejection, of which there is a record."""
        after = {"decision": decision.value, "digest": digest}
        entry = record(
            session, actor, decision.value, "run", str(run_id), after=after, reason=comment
        )
        approval = cls(
            run_id=run_id,
            approver=actor.account,
            door=actor.channel.value,
            decision=decision.value,
            digest=digest,
            comment=comment,
            at=entry.at,
            revision=entry.revision,
        )
        session.add(approval)
        return approval

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the approval."""
        return {column.key: getattr(self, column.key) for column in self.__table__.columns}

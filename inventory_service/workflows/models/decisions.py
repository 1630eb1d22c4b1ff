# SPDX-License-Identifier: Apache-2.0
"""Approvals and rejections of steps: one a person, which stays."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import IS_HISTORY, Base, UTCDateTime
from inventory_service.workflows.domain.workflows import StepDecision
from inventory_service.workflows.models.runs import NOUN, StepRun


class StepApproval(Base):
    """What one person decided about a step."""

    __tablename__ = "workflow_approvals"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workflow_run_id", "step"], ["workflow_steps.workflow_run_id", "workflow_steps.step"]
        ),
        {"info": {IS_HISTORY: True}},
    )

    workflow_run_id: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(String(63), primary_key=True)
    approver: Mapped[str] = mapped_column(String(63), primary_key=True)
    door: Mapped[str] = mapped_column(String(16))
    decision: Mapped[str] = mapped_column(String(16))
    comment: Mapped[str | None] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    @classmethod
    def give(cls, session: Session, actor: Actor, step: StepRun, wanted: StepDecision) -> None:
        """Add an approval or a rejection, of which there is a record."""
        entry = record(
            session,
            actor,
            wanted.decision,
            NOUN,
            str(step.workflow_run_id),
            after={"step": step.step, "decision": wanted.decision},
            reason=wanted.comment,
        )
        session.add(
            cls(
                workflow_run_id=step.workflow_run_id,
                step=step.step,
                approver=actor.account,
                door=actor.channel.value,
                decision=wanted.decision,
                comment=wanted.comment,
                at=entry.at,
            )
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the decision."""
        return {column.key: getattr(self, column.key) for column in self.__table__.columns}

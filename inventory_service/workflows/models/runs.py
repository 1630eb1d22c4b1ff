# SPDX-License-Identifier: Apache-2.0
"""Runs of workflows: their whole input, how far each step is, and how they ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import Base, UTCDateTime
from inventory_service.core.redaction import redact
from inventory_service.workflows.domain.progress import StepStatus
from inventory_service.workflows.domain.states import (
    LIVE,
    STEP_TRANSITIONS,
    TRANSITIONS,
    StepState,
    WorkflowState,
    check_transition,
)
from inventory_service.workflows.domain.workflows import WorkflowStep

NOUN = "workflow_run"
_LONGEST_REASON = 1000
FIELDS = (
    "id",
    "workflow",
    "state",
    "state_reason",
    "answers",
    "reason",
    "requested_by",
    "door",
    "relaunch_of",
    "created_at",
    "ended_at",
    "revision",
)
STEP_FIELDS = (
    "step",
    "state",
    "state_reason",
    "run_id",
    "approvals_given",
    "expires_at",
    "started_at",
    "ended_at",
)


class WorkflowRun(Base):
    """A workflow that somebody wants to be carried out, as it was at that moment."""

    __tablename__ = "workflow_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow: Mapped[str] = mapped_column(ForeignKey("workflows.workflow"), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    state_reason: Mapped[str | None] = mapped_column(String(_LONGEST_REASON))
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    #: Without those that are secret.
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The secret answers, encrypted.
    sealed_answers: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(String(_LONGEST_REASON))
    requested_by: Mapped[str] = mapped_column(String(63))
    #: That of the token by which it was ordered: it bounds the roles.
    scope: Mapped[str] = mapped_column(String(16))
    door: Mapped[str] = mapped_column(String(16))
    relaunch_of: Mapped[int | None] = mapped_column(ForeignKey("workflow_runs.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revision: Mapped[int] = mapped_column(index=True)

    @property
    def label(self) -> str:
        """Return what messages call it at the beginning of a sentence."""
        return f"Workflow run {self.id}"

    @property
    def token(self) -> str:
        """Return by what its account acts when a step orders a run, as the audit names it."""
        return f"workflow-{self.id}"

    @property
    def is_live(self) -> bool:
        """Return whether it goes on."""
        return WorkflowState(self.state) in LIVE

    def submit(self, session: Session, actor: Actor, reason: str | None) -> None:
        """Add it, and record who ordered it."""
        self.state, self.reason = WorkflowState.RUNNING.value, reason
        self.requested_by, self.scope = actor.account, actor.scope.value
        self.door, self.revision = actor.channel.value, 0
        self.created_at = datetime.now(UTC)
        session.add(self)
        session.flush()
        entry = record(
            session,
            actor,
            "order",
            NOUN,
            str(self.id),
            after={"workflow": self.workflow, "steps": len(self.steps)},
            reason=reason,
        )
        self.revision = entry.revision

    def list_steps(self) -> list[WorkflowStep]:
        """Return the steps as they were when it was ordered."""
        return [WorkflowStep.model_validate(one) for one in self.steps]

    def cancel(self, actor: Actor, reason: str | None) -> None:
        """Begin no further step; what is live is stopped.

        :raises Conflict: it has ended.
        """
        why = f"cancelled by {actor.account}" + (f": {reason}" if reason else "")
        self._go(WorkflowState.CANCELLING, why, actor, reason)

    def end(self, state: WorkflowState, why: str | None, *, actor: Actor) -> None:
        """End it, and record how."""
        self._go(state, why, actor, None)
        self.ended_at = datetime.now(UTC)

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of it."""
        return redact({name: getattr(self, name) for name in FIELDS})

    def _go(self, wanted: WorkflowState, why: str | None, actor: Actor, reason: str | None) -> None:
        present = WorkflowState(self.state)
        check_transition(self.label, present, wanted, TRANSITIONS)
        session = object_session(self)
        assert session is not None  # noqa: S101 - it changes only inside a transaction
        entry = record(
            session,
            actor,
            wanted.value,
            NOUN,
            str(self.id),
            before={"state": present.value},
            after={"state": wanted.value, "why": why},
            reason=reason,
        )
        self.state, self.revision = wanted.value, entry.revision
        self.state_reason = why and why[:_LONGEST_REASON]


class StepRun(Base):
    """A step of a workflow's run."""

    __tablename__ = "workflow_steps"
    __table_args__ = (
        Index("ix_workflow_steps_state_expires_at", "state", "expires_at"),
        Index("ix_workflow_steps_run_id", "run_id"),
    )

    workflow_run_id: Mapped[int] = mapped_column(ForeignKey("workflow_runs.id"), primary_key=True)
    step: Mapped[str] = mapped_column(String(63), primary_key=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    state_reason: Mapped[str | None] = mapped_column(String(_LONGEST_REASON))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    has_changed: Mapped[bool]
    approvals_given: Mapped[int]
    #: When it no longer waits for approvals.
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @classmethod
    def make(cls, workflow_run_id: int, number: int, step: str) -> "StepRun":
        """Return a step that waits."""
        return cls(
            workflow_run_id=workflow_run_id,
            number=number,
            step=step,
            state=StepState.WAITING.value,
            has_changed=False,
            approvals_given=0,
        )

    @property
    def status(self) -> StepStatus:
        """Return how far it is."""
        return StepStatus(StepState(self.state), self.has_changed)

    @property
    def label(self) -> str:
        """Return what messages call it at the beginning of a sentence."""
        return f"Step '{self.step}' of workflow run {self.workflow_run_id}"

    def start(self, run_id: int) -> None:
        """Take that its run is ordered."""
        self._go(StepState.RUNNING, None)
        self.run_id, self.started_at = run_id, datetime.now(UTC)

    def ask(self, expiry: timedelta, message: str | None) -> None:
        """Wait for approvals."""
        self._go(StepState.AWAITING_APPROVAL, message)
        self.started_at = datetime.now(UTC)
        self.expires_at = self.started_at + expiry

    def take_approval(self, needed: int) -> None:
        """Count an approval; the last one that is needed ends the step well."""
        self.approvals_given += 1
        if self.approvals_given >= needed:
            self.end(StepState.SUCCESSFUL, None)

    def end(self, state: StepState, why: str | None, *, has_changed: bool = False) -> None:
        """End the step."""
        self._go(state, why)
        self.ended_at, self.has_changed = datetime.now(UTC), has_changed

    def keep(self, other: "StepRun") -> None:
        """Take over how the same step of an earlier run has ended."""
        names = ("state", "run_id", "has_changed", "approvals_given", "started_at", "ended_at")
        for name in names:
            setattr(self, name, getattr(other, name))
        self.state_reason = f"kept from workflow run {other.workflow_run_id}"

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the step."""
        return {name: getattr(self, name) for name in STEP_FIELDS}

    def _go(self, wanted: StepState, why: str | None) -> None:
        check_transition(self.label, StepState(self.state), wanted, STEP_TRANSITIONS)
        self.state = wanted.value
        self.state_reason = why and why[:_LONGEST_REASON]

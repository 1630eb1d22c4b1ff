# SPDX-License-Identifier: Apache-2.0
"""Deliveries: messages to be sent, in the outbox until they are delivered or given up."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import Base, UTCDateTime
from inventory_service.core.errors import Conflict
from inventory_service.notifications.domain.deliveries import (
    HOLD,
    DeliveryState,
    Outcome,
    find_next_attempt,
    find_obstacle,
)

#: What outsiders see of a delivery.
FIELDS = (
    "id",
    "notification",
    "run_id",
    "state",
    "attempts",
    "answer_code",
    "last_error",
    "created_at",
    "queued_at",
    "due_at",
    "ended_at",
)
_LONGEST_ERROR = 255


class Delivery(Base):
    """One message: about a run, or, without one, a test."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        # One message about a run, however often somebody looks for those that are missing.
        UniqueConstraint("notification", "run_id"),
        Index("ix_notification_deliveries_state_due_at", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    notification: Mapped[str] = mapped_column(ForeignKey("notifications.notification"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    state: Mapped[str] = mapped_column(String(16))
    #: Counts the attempts since it was queued.
    attempts: Mapped[int]
    #: The status of the last answer over HTTP, or the reply code of the mail server.
    answer_code: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(_LONGEST_ERROR))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: When it was queued last: a redelivery has its own time to arrive.
    queued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: When it may be sent; while a worker sends it, when that one counts as dead.
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def submit(self, session: Session) -> None:
        """Add the message to the outbox."""
        self.created_at = datetime.now(UTC)
        self._queue(self.created_at)
        session.add(self)
        session.flush()

    def request(self, session: Session, actor: Actor, reason: str | None) -> None:
        """Add a test to the outbox, and record who wanted it."""
        record(session, actor, "test", "notification", self.notification, reason=reason)
        self.submit(session)

    def redeliver(self, actor: Actor, reason: str | None) -> None:
        """Queue the message once more, and record who wanted it.

        :raises Conflict: it is queued already.
        """
        if self.state == DeliveryState.PENDING:
            raise Conflict(
                f"Delivery {self.id} is on its way: it is due at {self.due_at:%H:%M:%S} UTC."
            )
        record(
            self._session,
            actor,
            "redeliver",
            "notification",
            self.notification,
            before={"delivery": self.id, "state": self.state},
            after={"delivery": self.id, "state": DeliveryState.PENDING.value},
            reason=reason,
        )
        self._queue(datetime.now(UTC))

    def take(self) -> bool:
        """Give the message to a worker, which has it to itself for a while.

        Return whether it has it: one that was tried for too long is given up instead.
        """
        now = datetime.now(UTC)
        obstacle = find_obstacle(self.attempts, self.queued_at, now)
        if obstacle is not None:
            self.drop(obstacle)
            return False
        self.attempts += 1
        self.due_at = now + HOLD
        return True

    def conclude(self, outcome: Outcome) -> None:
        """Take what came of an attempt: the message has arrived, or is tried again or given up."""
        error = outcome.error
        self.answer_code, self.last_error = outcome.answer_code, error and error[:_LONGEST_ERROR]
        if error is None:
            self._end(DeliveryState.DELIVERED)
            return
        following = find_next_attempt(self.attempts, self.queued_at, datetime.now(UTC))
        if following is None:
            self._end(DeliveryState.FAILED)
        else:
            self.due_at = following

    def drop(self, error: str) -> None:
        """Give the message up."""
        self.last_error = error
        self._end(DeliveryState.FAILED)

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the delivery."""
        shown = {name: getattr(self, name) for name in FIELDS}
        return shown if self.ended_at is None else shown | {"due_at": None}

    def _queue(self, now: datetime) -> None:
        self.state = DeliveryState.PENDING.value
        self.attempts, self.queued_at, self.due_at = 0, now, now
        self.ended_at = None

    def _end(self, state: DeliveryState) -> None:
        self.state, self.ended_at = state.value, datetime.now(UTC)

    @property
    def _session(self) -> Session:
        session = object_session(self)
        assert session is not None  # noqa: S101 - a delivery changes only inside a transaction
        return session

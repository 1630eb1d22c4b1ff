# SPDX-License-Identifier: Apache-2.0
"""Deliveries: requests to webhooks whose signature fits, and what became of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.database.base import Base, UTCDateTime
from inventory_service.webhooks.domain.webhooks import DeliveryOutcome

FIELDS = ("id", "webhook", "received_at", "outcome", "run_id", "reason", "address")
_LONGEST_REASON = 1000
_LONGEST_ADDRESS = 64


class WebhookDelivery(Base):
    """One request; nothing of its body is kept."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook", "key"),
        Index("ix_webhook_deliveries_webhook_received_at", "webhook", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook: Mapped[str] = mapped_column(ForeignKey("webhooks.webhook"))
    #: By which it is known when it is sent again; none if nothing tells that.
    key: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    reason: Mapped[str | None] = mapped_column(String(_LONGEST_REASON))
    address: Mapped[str] = mapped_column(String(_LONGEST_ADDRESS))

    def receive(self, address: str, now: datetime) -> None:
        """Take from where and when the request came."""
        self.received_at, self.address = now, address[:_LONGEST_ADDRESS]

    def conclude(self, outcome: DeliveryOutcome, *, run_id: int | None, reason: str | None) -> None:
        """Take what became of the request."""
        self.outcome, self.run_id = outcome.value, run_id
        self.reason = reason and reason[:_LONGEST_REASON]

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the delivery."""
        return {name: getattr(self, name) for name in FIELDS}

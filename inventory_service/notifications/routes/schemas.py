# SPDX-License-Identifier: Apache-2.0
"""What the API shows of notifications and deliveries: no URL, no secret."""

from datetime import datetime

from pydantic import BaseModel, Field

from inventory_service.notifications.domain.deliveries import DeliveryState
from inventory_service.notifications.domain.notifications import NotificationKind


class NotificationOut(BaseModel):
    """A notification."""

    notification: str
    description: str | None
    kind: NotificationKind
    destination: str | None = Field(description="scheme and host of the URL")
    is_signed: bool
    sealings: int = Field(description="how often URL or secret were set")
    recipients: list[str]
    templates: list[str]
    states: list[str]
    is_paused: bool
    created_at: datetime
    retired_at: datetime | None
    revision: int


class DeliveryOut(BaseModel):
    """A message on its way, or at its end."""

    id: int
    notification: str
    run_id: int | None = Field(description="none for a test")
    state: DeliveryState
    attempts: int = Field(description="since it was queued")
    answer_code: int | None = Field(description="status over HTTP, or the mail server's code")
    last_error: str | None
    created_at: datetime
    queued_at: datetime
    due_at: datetime | None = Field(description="when it is tried next; null at its end")
    ended_at: datetime | None

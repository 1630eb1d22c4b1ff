# SPDX-License-Identifier: Apache-2.0
"""What the API shows of webhooks and deliveries: no secret, and nothing of a body."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from inventory_service.webhooks.domain.signatures import WebhookKind
from inventory_service.webhooks.domain.webhooks import DeliveryOutcome


class WebhookOut(BaseModel):
    """A webhook."""

    webhook: str
    description: str | None
    template: str
    kind: WebhookKind
    limit: str
    tags: list[str]
    skip_tags: list[str]
    check: bool
    diff: bool
    answers: dict[str, Any]
    values: list[dict[str, Any]]
    conditions: list[dict[str, Any]]
    is_paused: bool
    secret_made_at: datetime | None = Field(description="null: it has none, and accepts nothing")
    former_valid_until: datetime | None
    refused_at: datetime | None = Field(
        description="when a request last had no valid signature; noted once a minute"
    )
    refusal: str | None
    account: str = Field(description="who registered it or last changed what it orders")
    created_at: datetime
    retired_at: datetime | None
    revision: int


class NewSecretOut(WebhookOut):
    """A webhook with its new secret."""

    secret: str = Field(description="shown only in this answer")


class WebhookDeliveryOut(BaseModel):
    """A request whose signature fits, and what became of it."""

    id: int
    webhook: str
    received_at: datetime
    outcome: DeliveryOutcome
    run_id: int | None
    reason: str | None = Field(description="why it was ignored or refused")
    address: str


class PreviewOut(BaseModel):
    """What would become of a request."""

    outcome: DeliveryOutcome
    reason: str | None
    run: dict[str, Any] | None = Field(description="as /api/v1/runs/preview shows it")


class Payload(BaseModel):
    """Any object: what of it counts is said by the webhook."""

    model_config = ConfigDict(extra="allow")

# SPDX-License-Identifier: Apache-2.0
"""Webhooks: what each of them orders, for which requests."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import UTCDateTime
from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.webhooks.domain.signatures import WebhookKind
from inventory_service.webhooks.domain.webhooks import ACTOR_PREFIX, Condition, ValueRule

_NOTES = ("secret_made_at", "former_valid_until", "refused_at", "refusal", "account")
_LONGEST_REFUSAL = 255
#: How often it is noted that a request had no valid signature, which anybody can send.
_NOTE_EACH = timedelta(minutes=1)


class Webhook(CatalogEntry):
    """An order of a run that a signed request from outside makes."""

    __tablename__ = "webhooks"

    NOUN = "webhook"
    FIELDS = (
        "webhook",
        "description",
        "template",
        "kind",
        "limit",
        "tags",
        "skip_tags",
        "check",
        "diff",
        "answers",
        "values",
        "conditions",
        "is_paused",
    )

    webhook: Mapped[str] = mapped_column(String(63), primary_key=True)
    description: Mapped[str | None] = mapped_column(String(255))
    template: Mapped[str] = mapped_column(ForeignKey("templates.template"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    limit: Mapped[str] = mapped_column(String(65_536))
    tags: Mapped[list[str]] = mapped_column(JSON)
    skip_tags: Mapped[list[str]] = mapped_column(JSON)
    check: Mapped[bool]
    diff: Mapped[bool]
    #: Without those that are secret.
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The secret answers, encrypted.
    sealed_answers: Mapped[str | None] = mapped_column(Text)
    values: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    conditions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    is_paused: Mapped[bool]
    #: Who registered it, or changed what it orders: its runs need that account's roles.
    account: Mapped[str] = mapped_column(String(63))
    #: That of the token which was used then: it bounds the roles.
    scope: Mapped[str] = mapped_column(String(16))
    #: The secrets by which requests are signed, encrypted; none are accepted before it has one.
    sealed_secrets: Mapped[str | None] = mapped_column(Text)
    secret_made_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    former_valid_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When a request last had no valid signature, and why.
    refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refusal: Mapped[str | None] = mapped_column(String(_LONGEST_REFUSAL))

    @property
    def token(self) -> str:
        """Return by what its account acts when a request comes, as the audit names it."""
        return f"{ACTOR_PREFIX}{self.webhook}"

    @property
    def signed_as(self) -> WebhookKind:
        """Return how its requests are signed."""
        return WebhookKind(self.kind)

    def authorize(self, actor: Actor) -> None:
        """Let it order what the actor may order."""
        self.account, self.scope = actor.account, actor.scope.value

    def list_values(self) -> list[ValueRule]:
        """Return which values of a request become which fields of an order."""
        return [ValueRule.model_validate(one) for one in self.values]

    def list_conditions(self) -> list[Condition]:
        """Return what a request must hold."""
        return [Condition.model_validate(one) for one in self.conditions]

    def take_secret(
        self, actor: Actor, sealed: str, *, overlap: timedelta, reason: str | None
    ) -> None:
        """Take a new secret, and record that there is one."""
        self._check_live()
        entry = record(
            self._session, actor, "make_secret", self.NOUN, self.name, after={}, reason=reason
        )
        self.sealed_secrets, self.revision = sealed, entry.revision
        self.secret_made_at = entry.at
        self.former_valid_until = entry.at + overlap if overlap else None

    def has_former(self, now: datetime) -> bool:
        """Return whether the former secret is valid, too."""
        return self.former_valid_until is not None and now < self.former_valid_until

    def note_refusal(self, why: str, now: datetime) -> None:
        """Note that a request had no valid signature, for those who wonder why nothing happens."""
        self.refused_at, self.refusal = now, why[:_LONGEST_REFUSAL]

    def may_note_refusal(self, now: datetime) -> bool:
        """Return whether the last note is old enough for another one."""
        return self.refused_at is None or now - self.refused_at >= _NOTE_EACH

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the webhook: none of its secrets."""
        return super().as_dict() | {name: getattr(self, name) for name in _NOTES}

# SPDX-License-Identifier: Apache-2.0
"""Notifications: catalog entries whose URL and secret are sealed, and never shown."""

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.fleet.models.catalog import CatalogEntry


class Notification(CatalogEntry):
    """Where messages about ended runs go, and about which."""

    __tablename__ = "notifications"

    NOUN = "notification"
    FIELDS = (
        "notification",
        "description",
        "kind",
        "destination",
        "is_signed",
        "sealings",
        "recipients",
        "templates",
        "states",
        "is_paused",
    )

    notification: Mapped[str] = mapped_column(String(63), primary_key=True)
    description: Mapped[str | None] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(16))
    #: Scheme and host of the URL; its path often is a secret.
    destination: Mapped[str | None] = mapped_column(String(300))
    is_signed: Mapped[bool]
    #: Counts how often URL or secret were set, so that the audit shows that they were.
    sealings: Mapped[int]
    recipients: Mapped[list[str]] = mapped_column(JSON)
    templates: Mapped[list[str]] = mapped_column(JSON)
    states: Mapped[list[str]] = mapped_column(JSON)
    is_paused: Mapped[bool]
    #: `webhook_url` and `secret`, encrypted; not in FIELDS, so that no answer and no record has it.
    sealed: Mapped[str | None] = mapped_column(Text)
    #: The ends of runs up to this revision are dealt with.
    seen_revision: Mapped[int] = mapped_column(default=0)

    def keep(self, sealed: str | None) -> None:
        """Take the sealed URL and secret; the change of `sealings` is the record of it."""
        self.sealed = sealed

    def watch(self, revision: int) -> None:
        """Take that all ends of runs up to a revision are dealt with."""
        self.seen_revision = revision

    def wants(self, template: str, state: str) -> bool:
        """Return whether there is to be a message about such an end of a run."""
        return (
            not self.is_paused
            and state in self.states
            and (not self.templates or template in self.templates)
        )

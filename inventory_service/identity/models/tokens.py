# SPDX-License-Identifier: Apache-2.0
"""API tokens, without their secrets."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, object_session

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import Base, UTCDateTime


class Token(Base):
    """An API token; only a hash of its secret is stored."""

    __tablename__ = "tokens"

    token_id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(63))
    account: Mapped[str] = mapped_column(ForeignKey("accounts.account"), index=True)
    scope: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(63))
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_by: Mapped[str | None] = mapped_column(String(63))

    def revoke(self, actor: Actor) -> None:
        """Revoke the token and record it; a revoked one stays as it is."""
        if self.revoked_at is not None:
            return
        session = object_session(self)
        assert session is not None  # noqa: S101 - a token changes only inside a transaction
        entry = record(session, actor, "revoke", "token", self.token_id)
        self.revoked_at, self.revoked_by = entry.at, actor.account

    def as_dict(self) -> dict[str, Any]:
        """Return the public fields of the token."""
        return {
            "token_id": self.token_id,
            "name": self.name,
            "account": self.account,
            "scope": self.scope,
            "created_at": self.created_at,
            "created_by": self.created_by,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
            "revoked_by": self.revoked_by,
        }

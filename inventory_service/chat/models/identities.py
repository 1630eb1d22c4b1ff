# SPDX-License-Identifier: Apache-2.0
"""Identities of people in chats, and the codes by which they link them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from inventory_service.chat.domain.identities import CODE_LIFE, digest_code
from inventory_service.chat.domain.requests import Sender
from inventory_service.core.actors import Actor, Scope
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import IS_HISTORY, Base, UTCDateTime

_NOUN = "chat-identity"


class ChatIdentity(Base):
    """A user of a platform, who acts for an account."""

    __tablename__ = "chat_identities"
    __table_args__ = (UniqueConstraint("platform", "team_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    team_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(64))
    account: Mapped[str] = mapped_column(ForeignKey("accounts.account"))
    #: How much of the account's roles is used from chat.
    scope: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(63))
    revision: Mapped[int]

    @classmethod
    def register(
        cls,
        session: Session,
        actor: Actor,
        ids: tuple[str, str, str],
        account: str,
        *,
        scope: Scope,
        reason: str | None,
    ) -> "ChatIdentity":
        """Return a new identity, by platform, team and user, of which there is a record."""
        platform, team_id, user_id = ids
        after = {"account": account, "scope": scope.value}
        subject = "/".join(ids)
        entry = record(session, actor, "register", _NOUN, subject, after=after, reason=reason)
        identity = cls(
            platform=platform,
            team_id=team_id,
            user_id=user_id,
            account=account,
            scope=scope.value,
            created_at=entry.at,
            created_by=actor.account,
            revision=entry.revision,
        )
        session.add(identity)
        session.flush()
        return identity

    @property
    def label(self) -> str:
        """Return which user it is."""
        return f"{self.platform}/{self.team_id}/{self.user_id}"

    def remove(self, session: Session, actor: Actor, reason: str | None) -> None:
        """Delete the identity, of which the record stays."""
        before = {"account": self.account, "scope": self.scope}
        record(session, actor, "remove", _NOUN, self.label, before=before, reason=reason)
        session.delete(self)

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the identity."""
        return {column.key: getattr(self, column.key) for column in self.__table__.columns}


class ChatLinkCode(Base):
    """A code that was shown in chat, by its hash, until it is confirmed or has expired."""

    __tablename__ = "chat_link_codes"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    team_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(64))
    user_name: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @classmethod
    def give(cls, session: Session, sender: Sender, code: str, now: datetime) -> "ChatLinkCode":
        """Return a new code of a user."""
        made = cls(
            digest=digest_code(code),
            platform=sender.platform,
            team_id=sender.team_id,
            user_id=sender.user_id,
            user_name=sender.user_name[:64],
            expires_at=now + CODE_LIFE,
        )
        session.add(made)
        return made

    @property
    def ids(self) -> tuple[str, str, str]:
        """Return platform, team and user."""
        return self.platform, self.team_id, self.user_id

    def as_dict(self) -> dict[str, Any]:
        """Return who is linked by the code."""
        names = ("platform", "team_id", "user_id", "user_name", "expires_at")
        return {name: getattr(self, name) for name in names}


class SeenChatRequest(Base):
    """A request of a platform that was answered, by a hash: it is not answered again."""

    __tablename__ = "chat_requests"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

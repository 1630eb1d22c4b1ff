# SPDX-License-Identifier: Apache-2.0
"""The outbox of chat: messages about runs, changed until these end, and answers that come later."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from inventory_service.chat.domain.messages import Message
from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.domain.updates import HOLD, PAUSE, Seen, Way, find_next_attempt
from inventory_service.core.database.base import IS_HISTORY, Base, UTCDateTime

_LONGEST_ERROR = 255


class ChatMessage(Base):
    """A message in a channel: about a run, or with a content of its own."""

    __tablename__ = "chat_messages"
    __table_args__ = (
        Index("ix_chat_messages_platform_ended_at_due_at", "platform", "ended_at", "due_at"),
        {"info": {IS_HISTORY: True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    team_id: Mapped[str] = mapped_column(String(64))
    channel_id: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    way: Mapped[str] = mapped_column(String(8))
    #: The URL for replies, encrypted.
    sealed_reply: Mapped[str | None] = mapped_column(Text)
    replaces: Mapped[bool]
    #: The platform's id of the message.
    post_id: Mapped[str | None] = mapped_column(String(64), index=True)
    #: The fingerprint of what is shown.
    shown: Mapped[str | None] = mapped_column(String(64))
    #: How the run was when the message was made that is shown.
    seen_state: Mapped[str | None] = mapped_column(String(20))
    seen_reason: Mapped[str | None] = mapped_column(String(1000))
    seen_revision: Mapped[int | None]
    seen_events: Mapped[int | None]
    #: Counts the failures since it was sent last.
    attempts: Mapped[int]
    last_error: Mapped[str | None] = mapped_column(String(_LONGEST_ERROR))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: When it may be sent; while a worker sends it, when that one counts as dead.
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @classmethod
    def follow(
        cls,
        session: Session,
        sender: Sender,
        run_id: int,
        *,
        way: Way,
        sealed_reply: str | None,
        shown: str | None = None,
    ) -> "ChatMessage":
        """Return a new message about a run, of which ``shown`` is seen already."""
        message = cls._make(sender, way, sealed_reply)
        message.run_id, message.shown = run_id, shown
        session.add(message)
        session.flush()
        return message

    @classmethod
    def answer(
        cls,
        session: Session,
        sender: Sender,
        content: Message,
        *,
        sealed_reply: str,
        replaces: bool = False,
    ) -> "ChatMessage":
        """Return a new answer to a request, which comes later than that of HTTP."""
        message = cls._make(sender, Way.REPLY, sealed_reply)
        message.content, message.replaces = content.as_dict(), replaces
        session.add(message)
        session.flush()
        return message

    @classmethod
    def _make(cls, sender: Sender, way: Way, sealed_reply: str | None) -> "ChatMessage":
        now = datetime.now(UTC)
        return cls(
            platform=sender.platform,
            team_id=sender.team_id,
            channel_id=sender.channel_id,
            way=way.value,
            sealed_reply=sealed_reply,
            replaces=False,
            attempts=0,
            created_at=now,
            due_at=now,
        )

    def take(self) -> None:
        """Give the message to a worker, which has it to itself for a while."""
        self.attempts += 1
        self.due_at = datetime.now(UTC) + HOLD

    def arrive(self, shown: str, post_id: str | None, seen: Seen | None, *, is_last: bool) -> None:
        """Take that the platform shows the message so; the last time, it is done."""
        now = datetime.now(UTC)
        self.shown, self.post_id = shown, post_id or self.post_id
        if seen is not None:
            self.seen_state, self.seen_reason = seen.state, seen.reason
            self.seen_revision, self.seen_events = seen.revision, seen.events
        self.attempts, self.last_error = 0, None
        self.due_at, self.ended_at = now + PAUSE, now if is_last else None

    def miss(self, error: str) -> None:
        """Take that the platform did not get the message: it is tried again, or given up."""
        following = find_next_attempt(self.attempts, datetime.now(UTC))
        self.last_error = error[:_LONGEST_ERROR]
        if following is None:
            self.drop(error)
        else:
            self.due_at = following

    def reopen(self) -> None:
        """Have the message made anew, although its run has ended: something else has changed."""
        self.shown = self.ended_at = None
        self.attempts, self.due_at = 0, datetime.now(UTC)

    def turn_to_reply(self, error: str) -> None:
        """Send it by the URL for replies, since the bot may not write in the channel."""
        self.way, self.last_error = Way.REPLY.value, error[:_LONGEST_ERROR]
        self.attempts, self.due_at = 0, datetime.now(UTC)

    def drop(self, error: str) -> None:
        """Give the message up."""
        self.last_error, self.ended_at = error[:_LONGEST_ERROR], datetime.now(UTC)

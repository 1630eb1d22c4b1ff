# SPDX-License-Identifier: Apache-2.0
"""What a run reports: events, results by host, a timeline of tasks, and the log."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.database.base import IS_HISTORY, Base, UTCDateTime


class StoredEvent(Base):
    """An event of a run; pruned after its retention, while the log is kept."""

    __tablename__ = "run_events"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    counter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(63))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    play: Mapped[str | None] = mapped_column(Text)
    task: Mapped[str | None] = mapped_column(Text)
    host: Mapped[str | None] = mapped_column(String(253))
    is_changed: Mapped[bool]
    text: Mapped[str] = mapped_column(Text)

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the event."""
        names = ("counter", "kind", "at", "play", "task", "host", "is_changed", "text")
        return {name: getattr(self, name) for name in names}


class HostResult(Base):
    """How many tasks of a run had which result on a host."""

    __tablename__ = "run_hosts"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    host: Mapped[str] = mapped_column(String(253), primary_key=True)
    ok: Mapped[int]
    changed: Mapped[int]
    failed: Mapped[int]
    unreachable: Mapped[int]
    skipped: Mapped[int]
    rescued: Mapped[int]
    ignored: Mapped[int]

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the result."""
        return {
            column.key: getattr(self, column.key)
            for column in self.__table__.columns
            if column.key != "run_id"
        }


class TaskResult(Base):
    """When a task of a run began and ended, and on how many hosts it had which result."""

    __tablename__ = "run_tasks"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    play: Mapped[str] = mapped_column(Text)
    task: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ok: Mapped[int]
    changed: Mapped[int]
    failed: Mapped[int]
    unreachable: Mapped[int]
    skipped: Mapped[int]

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the task."""
        return {
            column.key: getattr(self, column.key)
            for column in self.__table__.columns
            if column.key != "run_id"
        }


class LogChunk(Base):
    """A part of the log of a run that has ended, compressed by zlib; together they are the text."""

    __tablename__ = "run_log_chunks"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)

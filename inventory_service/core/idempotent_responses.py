# SPDX-License-Identifier: Apache-2.0
"""Answers that are kept for a while, so that a request that is sent twice acts once."""

from datetime import datetime

from sqlalchemy import JSON, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.database.base import Base, UTCDateTime


class IdempotentResponse(Base):
    """The answer to a request with an Idempotency-Key, written together with what it did."""

    __tablename__ = "kept_answers"

    actor: Mapped[str] = mapped_column(String(63), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    #: A hash of method, path and body: the same key for another request is a mistake.
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

# SPDX-License-Identifier: Apache-2.0
"""Stored answers to requests with an Idempotency-Key."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import JSON, LargeBinary, String, delete, select, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from inventory_service.core.clock import max_plausible_time
from inventory_service.core.database.base import IS_HISTORY, Base, UTCDateTime
from inventory_service.core.errors import BadInput, FieldError

#: How long a repeated request gets the stored answer.
KEPT_FOR = timedelta(hours=24)


class IdempotentResponse(Base):
    """The answer to a request with an Idempotency-Key, stored in the transaction of its changes."""

    __tablename__ = "kept_answers"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    actor: Mapped[str] = mapped_column(String(63), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    #: A hash of method, path and body: the same key for another request is a mistake.
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


def find_response(
    session: Session, actor: str, key: str, fingerprint: str
) -> IdempotentResponse | None:
    """Return the stored answer to this request, or None.

    :raises BadInput: the key was used for another request.
    """
    kept = session.get(IdempotentResponse, (actor, key))
    if kept is None or kept.created_at < datetime.now(UTC) - KEPT_FOR:
        return None
    if kept.fingerprint != fingerprint:
        raise BadInput(
            "The Idempotency-Key was used for another request. Make a new key for each request.",
            field_errors=[FieldError("Idempotency-Key", "belongs to another request")],
        )
    return kept


def store_response(  # noqa: PLR0913 - the parts of an answer
    session: Session,
    actor: str,
    key: str,
    fingerprint: str,
    *,
    status: int,
    headers: dict[str, str],
    body: bytes,
) -> None:
    """Store an answer; it replaces an expired one under the same key."""
    session.merge(
        IdempotentResponse(
            actor=actor,
            key=key,
            fingerprint=fingerprint,
            status=status,
            headers=headers,
            body=body,
            created_at=datetime.now(UTC),
        )
    )


def prune_responses(session: Session, now: datetime, *, limit: int) -> int:
    """Delete expired answers, the oldest first; return how many."""
    latest = max_plausible_time(now)
    wrong = session.execute(
        select(IdempotentResponse.actor, IdempotentResponse.key, IdempotentResponse.created_at)
        .where(
            (IdempotentResponse.created_at < now - KEPT_FOR)
            | (IdempotentResponse.created_at > latest)
        )
        .order_by(IdempotentResponse.created_at)
        .limit(limit)
    ).all()
    gone = [(actor, key) for actor, key, at in wrong if at <= latest]
    ahead = [(actor, key) for actor, key, at in wrong if at > latest]
    key = tuple_(IdempotentResponse.actor, IdempotentResponse.key)
    if gone:
        session.execute(
            delete(IdempotentResponse)
            .where(key.in_(gone))
            .execution_options(synchronize_session=False)
        )
    if ahead:
        # A clock that was ahead stored them: keep them for the usual time from now on.
        session.execute(
            update(IdempotentResponse)
            .where(key.in_(ahead))
            .values(created_at=now)
            .execution_options(synchronize_session=False)
        )
    return len(gone)

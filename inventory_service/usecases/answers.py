# SPDX-License-Identifier: Apache-2.0
"""Answers kept under an Idempotency-Key."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from inventory_service.domain.errors import BadInput, Fault
from inventory_service.storage.models import KeptAnswer

#: How long a request may be sent again and still act once.
KEPT_FOR = timedelta(hours=24)


def find_answer(session: Session, actor: str, key: str, fingerprint: str) -> KeptAnswer | None:
    """Return the answer that this very request got before, if any.

    :raises BadInput: the key was used for another request.
    """
    kept = session.get(KeptAnswer, (actor, key))
    if kept is None or kept.created_at < datetime.now(UTC) - KEPT_FOR:
        return None
    if kept.fingerprint != fingerprint:
        raise BadInput(
            "The Idempotency-Key was used for another request. Make a new key for each request.",
            faults=[Fault("Idempotency-Key", "belongs to another request")],
        )
    return kept


def keep_answer(  # noqa: PLR0913 - the parts of an answer
    session: Session,
    actor: str,
    key: str,
    fingerprint: str,
    *,
    status: int,
    headers: dict[str, str],
    body: bytes,
) -> None:
    """Keep an answer, and forget those that are too old."""
    now = datetime.now(UTC)
    session.execute(delete(KeptAnswer).where(KeptAnswer.created_at < now - KEPT_FOR))
    session.add(
        KeptAnswer(
            actor=actor,
            key=key,
            fingerprint=fingerprint,
            status=status,
            headers=headers,
            body=body,
            created_at=now,
        )
    )

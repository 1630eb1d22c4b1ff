# SPDX-License-Identifier: Apache-2.0
"""Answers kept under an Idempotency-Key."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from inventory_service.core.clock import get_clock_limit
from inventory_service.core.errors import BadInput, Fault
from inventory_service.core.idempotent_responses import KeptAnswer

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
    """Keep an answer, in the place of one that was too old to be given again."""
    session.merge(
        KeptAnswer(
            actor=actor,
            key=key,
            fingerprint=fingerprint,
            status=status,
            headers=headers,
            body=body,
            created_at=datetime.now(UTC),
        )
    )


def forget_answers(session: Session, now: datetime, *, limit: int) -> int:
    """Forget answers that are too old, the oldest first; return how many."""
    latest = get_clock_limit(now)
    wrong = session.execute(
        select(KeptAnswer.actor, KeptAnswer.key, KeptAnswer.created_at)
        .where((KeptAnswer.created_at < now - KEPT_FOR) | (KeptAnswer.created_at > latest))
        .order_by(KeptAnswer.created_at)
        .limit(limit)
    ).all()
    gone = [(actor, key) for actor, key, at in wrong if at <= latest]
    ahead = [(actor, key) for actor, key, at in wrong if at > latest]
    key = tuple_(KeptAnswer.actor, KeptAnswer.key)
    if gone:
        session.execute(
            delete(KeptAnswer).where(key.in_(gone)).execution_options(synchronize_session=False)
        )
    if ahead:
        # A clock that was ahead gave them: they may be needed still, but not for ever.
        session.execute(
            update(KeptAnswer)
            .where(key.in_(ahead))
            .values(created_at=now)
            .execution_options(synchronize_session=False)
        )
    return len(gone)

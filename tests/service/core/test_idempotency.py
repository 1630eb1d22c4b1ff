# SPDX-License-Identifier: Apache-2.0
"""A stored answer belongs to one request of one actor, for a day."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from inventory_service.core.errors import BadInput
from inventory_service.core.idempotency import (
    KEPT_FOR,
    IdempotentResponse,
    find_response,
    prune_responses,
    store_response,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    IdempotentResponse.metadata.create_all(engine, tables=[IdempotentResponse.__table__])  # type: ignore[list-item] # a Table, as declared
    with Session(engine) as session:
        yield session
    engine.dispose()


def store(session: Session, key: str, *, age: timedelta = timedelta(), body: bytes = b"{}") -> None:
    store_response(session, "ci", key, "hash", status=201, headers={"ETag": '"1"'}, body=body)
    session.flush()
    kept = session.get_one(IdempotentResponse, ("ci", key))
    kept.created_at = datetime.now(UTC) - age
    session.flush()


def list_keys(session: Session) -> list[str]:
    return sorted(session.scalars(select(IdempotentResponse.key)))


def test_a_repeated_request_finds_the_whole_answer(session: Session) -> None:
    store(session, "k1", body=b'{"a": 1}')
    session.expire_all()
    kept = find_response(session, "ci", "k1", "hash")
    assert kept is not None
    assert (kept.status, kept.headers, kept.body) == (201, {"ETag": '"1"'}, b'{"a": 1}')


@pytest.mark.parametrize(("actor", "key"), [("ops", "k1"), ("ci", "k2")])
def test_another_actor_or_key_finds_nothing(session: Session, actor: str, key: str) -> None:
    store(session, "k1")
    assert find_response(session, actor, key, "hash") is None


def test_another_request_under_the_same_key_is_refused(session: Session) -> None:
    store(session, "k1")
    with pytest.raises(BadInput, match="used for another request") as caught:
        find_response(session, "ci", "k1", "other hash")
    assert [found.field for found in caught.value.field_errors] == ["Idempotency-Key"]


def test_an_expired_answer_is_not_found_and_a_new_one_replaces_it(session: Session) -> None:
    store(session, "k1", age=KEPT_FOR - 60 * SECOND, body=b"old")
    assert find_response(session, "ci", "k1", "hash") is not None
    store(session, "k1", age=KEPT_FOR + SECOND, body=b"old")
    assert find_response(session, "ci", "k1", "other hash") is None
    store(session, "k1", body=b"new")
    kept = find_response(session, "ci", "k1", "hash")
    assert kept is not None
    assert kept.body == b"new"


def test_expired_answers_are_pruned_oldest_first_up_to_the_limit(session: Session) -> None:
    for key, hours in (("old", 26), ("oldest", 27), ("older", 26.5), ("young", 23)):
        store(session, key, age=timedelta(hours=hours))
    assert prune_responses(session, datetime.now(UTC), limit=2) == 2
    assert list_keys(session) == ["old", "young"]
    assert prune_responses(session, datetime.now(UTC), limit=2) == 1
    assert prune_responses(session, datetime.now(UTC), limit=2) == 0
    assert list_keys(session) == ["young"]


def test_an_answer_from_the_future_is_kept_for_the_usual_time_from_now(session: Session) -> None:
    now = datetime.now(UTC)
    store(session, "ahead", age=-timedelta(days=365))
    store(session, "skewed", age=-SECOND)
    assert prune_responses(session, now, limit=10) == 0
    session.expire_all()
    assert session.get_one(IdempotentResponse, ("ci", "ahead")).created_at == now
    assert session.get_one(IdempotentResponse, ("ci", "skewed")).created_at > now

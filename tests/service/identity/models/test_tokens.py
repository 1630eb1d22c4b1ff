# SPDX-License-Identifier: Apache-2.0
"""A token is revoked once and on record, and shows no secret."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.revision import Fleet
from inventory_service.identity.models.tokens import Token

FIRST = Actor("ann", Channel.CLI, Scope.ADMIN)
SECOND = Actor("bob", Channel.API, Scope.ADMIN)


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    tables = [kind.__table__ for kind in (AuditRecord, Fleet, Token)]
    Token.metadata.create_all(engine, tables=tables)  # type: ignore[arg-type] # Tables, as declared
    with Session(engine) as session:
        session.add(Fleet(revision=0))
        yield session
    engine.dispose()


def make(session: Session) -> Token:
    token = Token(
        token_id="0123456789ab",
        name="ci",
        account="ci",
        scope="viewer",
        digest="d" * 64,
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
        created_by="ann",
    )
    session.add(token)
    session.flush()
    return token


def test_a_revocation_is_recorded_with_the_time_of_the_record(session: Session) -> None:
    token = make(session)
    token.revoke(FIRST)
    entry = session.scalars(select(AuditRecord)).one()
    assert (entry.actor, entry.action, entry.noun) == ("ann", "revoke", "token")
    assert entry.subject == token.token_id
    assert (token.revoked_at, token.revoked_by) == (entry.at, "ann")


def test_a_second_revocation_changes_and_records_nothing(session: Session) -> None:
    token = make(session)
    token.revoke(FIRST)
    first = token.revoked_at
    token.revoke(SECOND)
    assert (token.revoked_at, token.revoked_by) == (first, "ann")
    assert len(session.scalars(select(AuditRecord)).all()) == 1


def test_the_public_fields_hold_no_digest(session: Session) -> None:
    shown = make(session).as_dict()
    assert set(shown) == {column.key for column in Token.__table__.columns} - {"digest"}
    assert (shown["name"], shown["scope"], shown["revoked_at"]) == ("ci", "viewer", None)

# SPDX-License-Identifier: Apache-2.0
"""Tokens that are kept from one look to the next: fewer questions, the same answers."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from inventory_service.core.actors import Scope
from inventory_service.core.database.engine import Database
from inventory_service.identity.domain import TokenRequest
from inventory_service.identity.token_cache import KnownTokens
from inventory_service.identity.usecases import create_token, revoke_token
from tests.service.conftest import ACTOR


@pytest.fixture
def asked(database: Database) -> Iterator[list[str]]:
    """Each question that the database is asked about tokens."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "FROM tokens" in statement:
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def make_token(database: Database, name: str) -> str:
    with database.writing() as session:
        request = TokenRequest(name=name, scope=Scope.VIEWER)
        return create_token(session, ACTOR, request)[0].token_id


def test_a_token_is_asked_for_once_a_commit(database: Database, asked: list[str]) -> None:
    token_id = make_token(database, "one")
    tokens = KnownTokens(database)
    asked.clear()
    is_told = database.get_mark() is not None

    found = [tokens.find(token_id) for _ in range(5)]
    assert len(asked) == (1 if is_told else 5)
    other = make_token(database, "two")
    asked.clear()
    found.append(tokens.find(token_id))
    assert len(asked) == 1

    assert {token.name for token in found if token} == {"one"}
    assert tokens.find(other) is not None


def test_what_is_kept_is_what_is_on_record(database: Database) -> None:
    token_id = make_token(database, "one")
    tokens = KnownTokens(database)
    before = tokens.find(token_id)

    with database.writing() as session:
        revoke_token(session, ACTOR, token_id)

    after = tokens.find(token_id)
    assert before is not None
    assert before.revoked_at is None
    assert after is not None
    assert after.revoked_at is not None


def test_a_token_that_is_made_after_a_guess_is_found(database: Database) -> None:
    tokens = KnownTokens(database)
    token_id = make_token(database, "one")
    assert tokens.find("0" * 12) is None
    assert tokens.find(token_id) is not None
    assert tokens.find("0" * 12) is None

# SPDX-License-Identifier: Apache-2.0
"""Tokens are created, checked, revoked and listed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, NotFound, Unauthorized
from inventory_service.core.pagination import Page, SortKey
from inventory_service.identity.domain import NewToken, TokenRequest, make_token
from inventory_service.identity.usecases import (
    KnownToken,
    authenticate,
    count_tokens,
    create_token,
    find_token,
    list_tokens,
    revoke_token,
)
from tests.service.conftest import ACTOR

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
MADE = make_token()


def find_by(
    *, expires_at: datetime | None = None, revoked_at: datetime | None = None
) -> Callable[[str], KnownToken | None]:
    """Return a way to find the token that was made, and no other."""
    known = KnownToken("ci", "operator", MADE.digest, expires_at, revoked_at)
    return lambda token_id: known if token_id == MADE.token_id else None


@pytest.mark.parametrize("expires_at", [None, NOW + HOUR])
def test_a_live_token_gives_its_actor_with_the_channel_of_the_request(
    expires_at: datetime | None,
) -> None:
    actor = authenticate(MADE.text, Channel.ANSIBLE, find_by(expires_at=expires_at))
    assert actor == Actor("ci", Channel.ANSIBLE, Scope.OPERATOR)


def swap_secret(made: NewToken, other: NewToken) -> str:
    return f"{made.text[:16]}{other.text[16:]}"


@pytest.mark.parametrize(
    "text",
    ["", "qm_x", make_token().text, swap_secret(MADE, make_token()), MADE.text + "A"],
    # The texts differ from process to process, the names of the tests must not.
    ids=["empty", "short", "unknown", "wrong secret", "longer"],
)
def test_a_token_that_is_not_on_record_belongs_to_nobody(text: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        authenticate(text, Channel.API, find_by(revoked_at=NOW))
    assert (caught.value.ended, caught.value.why) == (None, "")


@pytest.mark.parametrize(
    "text",
    [make_token().text, swap_secret(MADE, make_token())],
    ids=["unknown", "wrong secret"],
)
def test_a_secret_is_compared_also_where_its_id_is_unknown(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the time of the answer would say which ids there are."""
    compared = []
    monkeypatch.setattr(
        "inventory_service.identity.usecases.is_same", lambda *both: compared.append(both)
    )
    with pytest.raises(Unauthorized):
        authenticate(text, Channel.API, find_by())
    assert [[len(one) for one in both] for both in compared] == [[64, 64]]


@pytest.mark.parametrize(
    ("expires_at", "revoked_at", "end"),
    [
        (NOW - HOUR, None, "expired"),
        (None, NOW, "was revoked"),
        (NOW - HOUR, NOW, "was revoked"),
    ],
)
def test_a_token_that_has_ended_is_refused_alike_but_keeps_its_actor_for_the_log(
    expires_at: datetime | None, revoked_at: datetime | None, end: str
) -> None:
    with pytest.raises(Unauthorized) as caught:
        authenticate(MADE.text, Channel.API, find_by(expires_at=expires_at, revoked_at=revoked_at))
    with pytest.raises(Unauthorized) as unknown:
        authenticate(make_token().text, Channel.API, find_by())
    assert caught.value.detail == unknown.value.detail
    assert caught.value.ended == Actor("ci", Channel.API, Scope.OPERATOR)
    assert caught.value.why == f"The token {MADE.token_id} {end}."


def create(database: Database, name: str, expires_at: datetime | None = None) -> tuple[str, str]:
    """Return id and text of a new token."""
    request = TokenRequest(name=name, scope=Scope.OPERATOR, expires_at=expires_at)
    with database.writing() as session:
        token, text = create_token(session, ACTOR, request)
        return token.token_id, text


def test_a_new_token_is_found_by_its_id_and_recognised_by_its_text(database: Database) -> None:
    token_id, text = create(database, "ci")
    with database.reading() as session:
        found = find_token(session, token_id)
        assert find_token(session, "0" * 12) is None
        actor = authenticate(text, Channel.API, lambda wanted: find_token(session, wanted))
    assert found is not None
    assert text.removeprefix(f"qm_{token_id}_") not in found
    assert actor == Actor("ci", Channel.API, Scope.OPERATOR)


def test_a_token_that_would_have_expired_is_not_created(database: Database) -> None:
    with pytest.raises(BadInput, match="expired already") as caught:
        create(database, "ci", datetime.now(UTC))
    assert [found.field for found in caught.value.field_errors] == ["expires_at"]
    with database.reading() as session:
        assert count_tokens(session) == 0


def test_a_name_is_free_again_when_its_token_has_ended(database: Database) -> None:
    first, _ = create(database, "ci")
    with pytest.raises(Conflict, match="live token 'ci'"):
        create(database, "ci")
    with database.writing() as session:
        revoke_token(session, ACTOR, first)
    second, _ = create(database, "ci")
    assert second != first
    with database.reading() as session:
        assert count_tokens(session) == 2
        page = list_tokens(session, Page((SortKey("created_at"), SortKey("token_id")), limit=5))
        assert [(token.token_id, token.revoked_by) for token in page] == [
            (first, ACTOR.name),
            (second, None),
        ]


def test_a_token_that_does_not_exist_can_not_be_revoked(database: Database) -> None:
    with database.writing() as session, pytest.raises(NotFound, match=r"no token 'x{64}'"):
        revoke_token(session, ACTOR, "x" * 100)


def test_a_token_that_expires_at_this_very_moment_is_not_made(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, _zone: object = None) -> datetime:
            return NOW

    monkeypatch.setattr("inventory_service.identity.usecases.datetime", Clock)
    with pytest.raises(BadInput, match="expired already"):
        create(store, "now", NOW)
    assert create(store, "next", NOW + timedelta(microseconds=1))

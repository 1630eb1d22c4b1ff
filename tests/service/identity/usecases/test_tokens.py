# SPDX-License-Identifier: Apache-2.0
"""Tokens are created for accounts, revoked and listed."""

from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.core.actors import Actor, Channel, Role, Scope
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, NotFound
from inventory_service.core.pagination import Page, SortKey
from inventory_service.identity.domain.accounts import AccountRegistration, RoleRequest
from inventory_service.identity.domain.tokens import TokenRequest
from inventory_service.identity.queries import find_token
from inventory_service.identity.usecases.accounts import (
    disable_account,
    get_account,
    grant_role,
    register_account,
)
from inventory_service.identity.usecases.authentication import authenticate
from inventory_service.identity.usecases.tokens import (
    count_tokens,
    create_token,
    list_tokens,
    revoke_token,
)
from tests.service.conftest import ACTOR

NOW = datetime.now(UTC)


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
    grants = frozenset({(Role.OPERATOR, None), (Role.APPROVER, None)})
    assert actor == Actor("ci", Channel.API, Scope.OPERATOR, grants, "ci")


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
            (first, ACTOR.account),
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

    monkeypatch.setattr("inventory_service.identity.usecases.tokens.datetime", Clock)
    with pytest.raises(BadInput, match="expired already"):
        create(store, "now", NOW)
    assert create(store, "next", NOW + timedelta(microseconds=1))


#: A scope, and what an account gets that is made for a token of it.
MADE_ROLES = [
    (Scope.VIEWER, {Role.VIEWER}),
    (Scope.APPROVER, {Role.APPROVER}),
    (Scope.OPERATOR, {Role.OPERATOR, Role.APPROVER}),
    (Scope.ADMIN, {Role.ADMIN}),
]


@pytest.mark.parametrize(("scope", "roles"), MADE_ROLES)
def test_an_account_is_made_with_the_roles_of_the_scope(
    store: Database, scope: Scope, roles: set[Role]
) -> None:
    with store.writing() as session:
        token, _ = create_token(session, ACTOR, TokenRequest(name="ci", scope=scope))
        account = get_account(session, token.account)
        assert (account.account, account.kind, account.created_by) == ("ci", "program", "tester")
        assert account.grants == {(role, None) for role in roles}


def test_a_token_can_be_one_of_several_of_an_account_and_gives_it_no_role(store: Database) -> None:
    with store.writing() as session:
        register_account(session, ACTOR, AccountRegistration(account="ann"))
        request = RoleRequest(role=Role.OPERATOR)
        grant_role(session, ACTOR, "ann", request)
        for name, scope in (("laptop", Scope.OPERATOR), ("phone", Scope.VIEWER)):
            wanted = TokenRequest(name=name, account="ann", scope=scope)
            token, _ = create_token(session, ACTOR, wanted)
            assert token.account == "ann"
        assert get_account(session, "ann").grants == {(Role.OPERATOR, None)}


@pytest.mark.parametrize("scope", [Scope.APPROVER, Scope.ADMIN])
def test_a_scope_beyond_the_roles_of_its_account_is_refused_with_the_way_out(
    store: Database, scope: Scope
) -> None:
    with store.writing() as session:
        register_account(session, ACTOR, AccountRegistration(account="ann"))
        grant_role(session, ACTOR, "ann", RoleRequest(role=Role.OPERATOR))
        with pytest.raises(Conflict, match=f"qm account grant ann {scope}"):
            create_token(session, ACTOR, TokenRequest(name="ann", scope=scope))


def test_no_token_is_made_for_an_account_that_is_disabled_or_missing(store: Database) -> None:
    create(store, "first")
    with store.writing() as session:
        create_token(session, ACTOR, TokenRequest(name="ci"))
        disable_account(session, ACTOR, "ci", None)
        with pytest.raises(Conflict, match="'ci' is disabled"):
            create_token(session, ACTOR, TokenRequest(name="more", account="ci"))
        with pytest.raises(NotFound, match="no account 'ghost'"):
            create_token(session, ACTOR, TokenRequest(name="more", account="ghost"))

# SPDX-License-Identifier: Apache-2.0
"""A token is found with the roles of its account; projects and other admins by name."""

from datetime import UTC, datetime

from sqlalchemy import update

from inventory_service.core.actors import Role, Scope
from inventory_service.core.database.engine import Database
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.identity.domain.accounts import AccountRegistration, RoleRequest
from inventory_service.identity.domain.tokens import TokenRequest
from inventory_service.identity.models.accounts import Account
from inventory_service.identity.queries import find_token, has_other_admin, has_project
from inventory_service.identity.usecases.accounts import (
    disable_account,
    grant_role,
    provide_account,
    register_account,
    revoke_role,
)
from inventory_service.identity.usecases.tokens import create_token
from tests.service.conftest import ACTOR
from tests.service.fleet_rows import add_project


def test_a_token_is_found_with_the_roles_of_its_account_and_no_others(store: Database) -> None:
    with store.writing() as session:
        add_project(session)
        register_account(session, ACTOR, AccountRegistration(account="ann"))
        for project in (None, "shop"):
            grant_role(session, ACTOR, "ann", RoleRequest(role=Role.OPERATOR, project=project))
        create_token(session, ACTOR, TokenRequest(name="ci", scope=Scope.ADMIN))
        wanted = TokenRequest(name="laptop", account="ann", scope=Scope.VIEWER)
        token, text = create_token(session, ACTOR, wanted)
        token_id = token.token_id
    with store.reading() as session:
        found = find_token(session, token_id)
        assert find_token(session, "0" * 12) is None
    assert found is not None
    assert (found.name, found.account, found.scope) == ("laptop", "ann", "viewer")
    assert (found.expires_at, found.revoked_at, found.disabled_at) == (None, None, None)
    assert found.grants == {(Role.OPERATOR, None), (Role.OPERATOR, "shop")}
    assert text.removeprefix(f"qm_{token_id}_") not in found


def test_a_token_is_found_also_of_an_account_without_a_role_or_disabled(store: Database) -> None:
    with store.writing() as session:
        token, _ = create_token(session, ACTOR, TokenRequest(name="ci"))
        revoke_role(session, ACTOR, "ci", RoleRequest(role=Role.VIEWER))
        disable_account(session, ACTOR, "ci", None)
        found = find_token(session, token.token_id)
    assert found is not None
    assert found.grants == frozenset()
    assert found.disabled_at is not None


def test_another_admin_is_one_of_all_projects_who_is_not_disabled(store: Database) -> None:
    with store.writing() as session:
        provide_account(session, ACTOR, "ann", Scope.ADMIN)
        assert not has_other_admin(session, "ann")
        assert has_other_admin(session, "bob")
        session.execute(update(Account).values(disabled_at=datetime.now(UTC)))
        assert not has_other_admin(session, "bob")


def test_a_project_is_known_until_it_is_retired(store: Database) -> None:
    with store.writing() as session:
        assert not has_project(session, "shop")
        add_project(session)
        assert has_project(session, "shop")
        retire_entry(session, ACTOR, Project, "shop", RetirementRequest())
        assert not has_project(session, "shop")

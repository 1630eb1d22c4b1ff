# SPDX-License-Identifier: Apache-2.0
"""Roles and scopes include others, grants hold in their project, and a channel is a short word."""

from itertools import product

import pytest

from inventory_service.core.actors import EVERYWHERE, Actor, Channel, Grant, Role, Scope

VIEWER, OPERATOR, APPROVER, ADMIN = Role
INCLUDED = {
    VIEWER: {VIEWER},
    OPERATOR: {VIEWER, OPERATOR},
    APPROVER: {VIEWER, APPROVER},
    ADMIN: {VIEWER, OPERATOR, APPROVER, ADMIN},
}
#: The roles that a token of each scope may use.
ALLOWED = {
    Scope.VIEWER: {VIEWER},
    Scope.APPROVER: {VIEWER, APPROVER},
    Scope.OPERATOR: {VIEWER, APPROVER, OPERATOR},
    Scope.ADMIN: {VIEWER, APPROVER, OPERATOR, ADMIN},
}


def make(*grants: Grant, scope: Scope = Scope.ADMIN, token: str | None = None) -> Actor:
    return Actor("ann", Channel.API, scope, frozenset(grants), token)


@pytest.mark.parametrize("role", Role)
def test_an_operator_is_no_approver_and_an_admin_is_all(role: Role) -> None:
    assert {other for other in Role if role.includes(other)} == INCLUDED[role]


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_allows_the_roles_of_those_before_it(scope: Scope) -> None:
    assert {role for role in Role if scope.allows(role)} == ALLOWED[scope]
    assert {other for other in Scope if scope.covers(other)} == {
        Scope(role.value) for role in ALLOWED[scope]
    }


@pytest.mark.parametrize("scope", Scope)
def test_the_roles_of_a_scope_are_all_that_it_allows_and_no_more(scope: Scope) -> None:
    grants: list[Grant] = [(role, None) for role in scope.list_roles()]
    assert {role for role in Role if make(*grants).may(role, None)} == ALLOWED[scope]


@pytest.mark.parametrize(("role", "scope"), list(product(Role, Scope)))
def test_a_role_holds_in_its_project_as_far_as_the_scope_allows(role: Role, scope: Scope) -> None:
    actor = make((role, "shop"), scope=scope)
    held = INCLUDED[role] & ALLOWED[scope]
    assert {one for one in Role if actor.may(one, "shop")} == held
    assert {one for one in Role if actor.may_somewhere(one)} == held
    for elsewhere in ("bank", None):
        assert not [one for one in Role if actor.may(one, elsewhere)]
    for one in Role:
        assert actor.list_projects(one) == ({"shop"} if one in held else set())


def test_a_role_in_all_projects_holds_in_each_and_outside_of_any() -> None:
    actor = make((VIEWER, None), (OPERATOR, "shop"))
    assert actor.may(VIEWER, "bank")
    assert actor.may(VIEWER, None)
    assert actor.may(OPERATOR, "shop")
    assert not actor.may(OPERATOR, "bank")
    assert actor.list_projects() is None
    assert actor.list_projects(OPERATOR) == {"shop"}
    assert actor.list_projects(ADMIN) == frozenset()


def test_who_has_no_role_may_nothing() -> None:
    assert not any(make().may(role, None) or make().may_somewhere(role) for role in Role)
    assert make().list_projects() == frozenset()


def test_without_grants_only_the_scope_is_the_bound() -> None:
    actor = Actor("worker", Channel.WORKER, Scope.OPERATOR)
    assert actor.grants == EVERYWHERE
    assert {role for role in Role if actor.may(role, "shop")} == ALLOWED[Scope.OPERATOR]


@pytest.mark.parametrize(
    ("actor", "text"),
    [
        (make(), "Account 'ann' has no role"),
        (
            make((VIEWER, None), (OPERATOR, "shop"), scope=Scope.VIEWER, token="laptop"),
            (
                "Account 'ann', by token 'laptop' of the scope viewer, has viewer in all projects, "
                "operator in shop"
            ),
        ),
        (Actor("worker", Channel.WORKER, Scope.VIEWER), "'worker' has the scope viewer"),
    ],
)
def test_an_actor_is_described_by_all_that_bounds_it(actor: Actor, text: str) -> None:
    assert actor.describe() == text


def test_channels_are_those_of_people_of_playbooks_and_of_the_service_itself() -> None:
    assert [channel.value for channel in Channel] == [
        "api",
        "cli",
        "ansible",
        "worker",
        "schedule",
        "webhook",
        "workflow",
    ]
    # The columns `door` have 16 characters.
    assert all(len(channel.value) <= 16 for channel in Channel)

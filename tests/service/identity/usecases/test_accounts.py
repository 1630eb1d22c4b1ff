# SPDX-License-Identifier: Apache-2.0
"""Accounts get roles and lose them, on record; the last admin of all projects stays one."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Channel, Role, Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    ServiceError,
)
from inventory_service.core.pagination import Page, SortKey
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.identity.domain.accounts import (
    AccountChange,
    AccountKind,
    AccountRegistration,
    RoleRequest,
)
from inventory_service.identity.queries import has_other_admin
from inventory_service.identity.usecases import accounts as acts
from tests.service.conftest import ACTOR
from tests.service.fleet_rows import add_project

ADMIN = RoleRequest(role=Role.ADMIN)
Act = Callable[[Session], object]


def add(session: Session, name: str = "ann", *requests: RoleRequest) -> None:
    acts.register_account(session, ACTOR, AccountRegistration(account=name))
    for request in requests:
        acts.grant_role(session, ACTOR, name, request)


def list_records(session: Session) -> list[tuple[str, object, object]]:
    query = select(AuditRecord).where(AuditRecord.noun == "account").order_by(AuditRecord.id)
    return [(one.action, one.before, one.after) for one in session.scalars(query)]


def test_each_change_of_an_account_is_recorded_once(store: Database) -> None:
    shop = RoleRequest(role=Role.OPERATOR, project="shop", reason="on call")
    with store.writing() as session:
        add_project(session)
        add(session, "ann", shop, shop)
        for _ in range(2):
            change = AccountChange(kind=AccountKind.PROGRAM)
            acts.change_account(session, ACTOR, "ann", change)
            acts.disable_account(session, ACTOR, "ann", "left")
        for _ in range(2):
            acts.enable_account(session, ACTOR, "ann", "back")
        account = acts.revoke_role(session, ACTOR, "ann", shop)
        assert account.grants == frozenset()
        session.flush()
        role = {"role": "operator", "project": "shop"}
        assert list_records(session) == [
            ("register", None, {"account": "ann", "kind": "person", "description": None}),
            ("grant", None, role),
            ("change", {"kind": "person"}, {"kind": "program"}),
            ("disable", None, None),
            ("enable", None, None),
            ("revoke", role, None),
        ]
    with store.reading() as session:
        shown = acts.get_account(session, "ann").as_dict()
        assert (shown["roles"], shown["kind"], shown["disabled_at"]) == ([], "program", None)


def refusals() -> list[tuple[type[ServiceError], str, Act]]:
    shop = RoleRequest(role=Role.VIEWER, project="shop")
    ghost, gone = (RoleRequest(role=Role.VIEWER, project=name) for name in ("ghost", "gone"))
    operator = RoleRequest(role=Role.OPERATOR)
    return [
        (Conflict, "an account 'ann' already", lambda s: add(s, "ann")),
        (NotFound, "no account 'bob'", lambda s: acts.get_account(s, "bob")),
        (NotFound, "no account 'bob'", lambda s: acts.grant_role(s, ACTOR, "bob", shop)),
        (NotFound, "no account 'bob'", lambda s: acts.revoke_role(s, ACTOR, "bob", shop)),
        (NotFound, "no account 'bob'", lambda s: acts.disable_account(s, ACTOR, "bob", None)),
        (NotFound, "no account 'bob'", lambda s: acts.enable_account(s, ACTOR, "bob", None)),
        (
            BadInput,
            "no project 'ghost'",
            lambda s: acts.grant_role(s, ACTOR, "ann", ghost),
        ),
        (
            BadInput,
            "no project 'gone'",
            lambda s: acts.grant_role(s, ACTOR, "ann", gone),
        ),
        # It has the role in all projects, which is another grant.
        (
            Conflict,
            "not granted viewer in project 'shop'",
            lambda s: acts.revoke_role(s, ACTOR, "ann", shop),
        ),
        (
            Conflict,
            "not granted operator in all projects",
            lambda s: acts.revoke_role(s, ACTOR, "ann", operator),
        ),
        (
            PreconditionFailed,
            "Account 'ann'",
            lambda s: acts.change_account(s, ACTOR, "ann", AccountChange(), expected={"0"}),
        ),
    ]


@pytest.mark.parametrize("number", range(len(refusals())))
def test_what_is_refused_names_why(store: Database, number: int) -> None:
    kind, why, act = refusals()[number]
    with store.writing() as session:
        add_project(session)
        add_project(session, "gone")
        retire_entry(session, ACTOR, Project, "gone", RetirementRequest())
        add(session, "ann", RoleRequest(role=Role.VIEWER))
        with pytest.raises(kind, match=why):
            act(session)


#: Who else there is, and whether `ann`, who is an admin of all projects, can then be removed.
OTHERS: list[tuple[list[RoleRequest], bool, bool]] = [
    ([], False, False),
    ([RoleRequest(role=Role.OPERATOR)], False, False),
    ([RoleRequest(role=Role.ADMIN, project="shop")], False, False),
    ([ADMIN], True, False),
    ([ADMIN], False, True),
]


@pytest.mark.parametrize(("requests", "is_disabled", "is_free"), OTHERS)
@pytest.mark.parametrize(
    "remove",
    [
        lambda session: acts.disable_account(session, ACTOR, "ann", None),
        lambda session: acts.revoke_role(session, ACTOR, "ann", ADMIN),
    ],
    ids=["disable", "revoke"],
)
def test_the_last_admin_of_all_projects_stays(
    store: Database, requests: list[RoleRequest], remove: Act, *, is_disabled: bool, is_free: bool
) -> None:
    with store.writing() as session:
        add_project(session)
        add(session, "ann", ADMIN)
        add(session, "bob", *requests)
        if is_disabled:
            acts.disable_account(session, ACTOR, "bob", None)
        assert has_other_admin(session, "ann") == is_free
        if is_free:
            remove(session)
        else:
            with pytest.raises(Conflict, match="'ann' is the last admin"):
                remove(session)


def test_an_admin_who_is_disabled_or_of_one_project_can_lose_the_role(store: Database) -> None:
    shop = RoleRequest(role=Role.ADMIN, project="shop")
    with store.writing() as session:
        add_project(session)
        add(session, "ann", ADMIN)
        add(session, "bob", ADMIN, shop)
        acts.disable_account(session, ACTOR, "bob", None)
        assert acts.revoke_role(session, ACTOR, "bob", ADMIN).grants == {(Role.ADMIN, "shop")}
        assert acts.revoke_role(session, ACTOR, "bob", shop).grants == frozenset()


def test_who_acts_for_an_account_has_its_roles_of_now_while_it_is_enabled(store: Database) -> None:
    def act() -> frozenset[tuple[Role, str | None]]:
        actor = acts.act_for(
            session, "ann", Channel.SCHEDULE, Scope.OPERATOR, token="schedule-nightly"
        )
        assert (actor.account, actor.token) == ("ann", "schedule-nightly")
        assert (actor.channel, actor.scope) == (Channel.SCHEDULE, Scope.OPERATOR)
        return actor.grants

    with store.writing() as session:
        with pytest.raises(Forbidden, match="'ann', for which this acts, does not exist"):
            act()
        add(session)
        assert act() == frozenset()
        acts.grant_role(session, ACTOR, "ann", RoleRequest(role=Role.VIEWER))
        assert act() == {(Role.VIEWER, None)}
        acts.disable_account(session, ACTOR, "ann", None)
        with pytest.raises(Forbidden, match="is disabled"):
            act()


def test_accounts_are_listed_in_pages(store: Database) -> None:
    with store.writing() as session:
        for name in ("cid", "ann", "bob"):
            add(session, name)
        page = Page((SortKey("account"),), limit=1)
        assert [one.account for one in acts.list_accounts(session, page)] == ["ann", "bob"]

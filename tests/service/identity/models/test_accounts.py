# SPDX-License-Identifier: Apache-2.0
"""An account keeps its roles, once each, and what was done to it is on record."""

import pytest
from sqlalchemy import func, select

from inventory_service.core.actors import Role
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.identity.models.accounts import Account, AccountRole
from tests.service.conftest import ACTOR

FIELDS = {"account": "ann", "kind": "person", "description": None}


def test_a_role_is_kept_once_and_gone_with_its_row(store: Database) -> None:
    with store.writing() as session:
        account = Account.register(session, ACTOR, FIELDS, None)
        for role in (Role.VIEWER, Role.ADMIN, Role.VIEWER):
            account.grant(role, None, ACTOR, None)
        assert account.grants == {(Role.VIEWER, None), (Role.ADMIN, None)}
    with store.writing() as session:
        account = session.get_one(Account, "ann")
        account.revoke(Role.VIEWER, None, ACTOR, None)
        with pytest.raises(Conflict, match="not granted viewer in all projects"):
            account.revoke(Role.VIEWER, None, ACTOR, None)
    with store.reading() as session:
        assert session.get_one(Account, "ann").as_dict()["roles"] == [
            {"role": "admin", "project": None}
        ]
        assert session.execute(select(func.count()).select_from(AccountRole)).scalar_one() == 1


def test_an_account_shows_all_that_is_kept_of_it(store: Database) -> None:
    with store.writing() as session:
        account = Account.register(session, ACTOR, FIELDS, "new")
        account.disable(ACTOR, "left")
        shown = account.as_dict()
        entries = session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()
    assert set(shown) == {column.key for column in Account.__table__.columns} | {"roles"}
    assert (shown["created_by"], shown["disabled_by"]) == ("tester", "tester")
    assert (shown["created_at"], shown["disabled_at"]) == (entries[0].at, entries[1].at)
    assert [(one.action, one.reason) for one in entries] == [
        ("register", "new"),
        ("disable", "left"),
    ]
    assert shown["revision"] == entries[1].revision


def test_to_enable_it_leaves_no_trace_but_the_record(store: Database) -> None:
    with store.writing() as session:
        account = Account.register(session, ACTOR, FIELDS, None)
        account.enable(ACTOR, None)
        account.disable(ACTOR, None)
        account.enable(ACTOR, "back")
        assert (account.disabled_at, account.disabled_by) == (None, None)
        query = select(AuditRecord.action).order_by(AuditRecord.id)
        assert session.scalars(query).all() == ["register", "disable", "enable"]

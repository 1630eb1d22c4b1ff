# SPDX-License-Identifier: Apache-2.0
"""Each change of an identity is on record."""

from sqlalchemy import select

from inventory_service.chat.models.identities import ChatIdentity
from inventory_service.core.actors import Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from tests.service.conftest import ACTOR, provide_accounts


def test_an_identity_leaves_records(store: Database) -> None:
    with store.writing() as session:
        provide_accounts(session, ACTOR)
        ids = ("slack", "T1", "U1")
        one = ChatIdentity.register(
            session, ACTOR, ids, "tester", scope=Scope.OPERATOR, reason="new"
        )
        assert one.as_dict()["created_by"] == "tester"
        one.remove(session, ACTOR, "gone")
    with store.reading() as session:
        query = select(AuditRecord).where(AuditRecord.noun == "chat-identity")
        found = [
            (one.action, one.subject, one.reason, one.before or one.after)
            for one in session.scalars(query.order_by(AuditRecord.id))
        ]
    named = {"account": "tester", "scope": "operator"}
    assert found == [
        ("register", "slack/T1/U1", "new", named),
        ("remove", "slack/T1/U1", "gone", named),
    ]

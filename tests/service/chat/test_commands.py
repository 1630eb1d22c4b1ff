# SPDX-License-Identifier: Apache-2.0
"""Who asks decides what is done: nobody has more rights in chat than elsewhere."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from tests.service.chat.chats import Chat
from tests.service.chat.conftest import STRANGER
from tests.service.chat.pressed import is_ephemeral, list_runs
from tests.service.conftest import Caller

#: What differs between databases is tried by the tests of use cases and queries.
pytestmark = [
    pytest.mark.usefixtures("people"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


#: What nobody may learn who has no account.
FLEET_WORDS = ("web-1", "shop", "revision", "olga")


@pytest.mark.usefixtures("shop")
def test_who_has_no_account_learns_nothing(chat: Chat, database: Database) -> None:
    words = "status;nodes;runs;why 1;run shop;approve 1;cancel 1;whoami;what;"
    for text in words.split(";"):
        answer = chat.command(text, STRANGER)
        assert answer.status == 200
        assert is_ephemeral(answer)
        assert not [word for word in FLEET_WORDS if word in answer.text], text
    assert list_runs(database) == []


#: User, command, and why it is refused.
REFUSED = (
    ("U3", "run shop", "runs of 'shop' need operator"),
    ("U3", "cancel 1", "this needs operator"),
    ("U2", "run shop", "runs of 'shop' need operator"),
    ("U3", "approve 1", "this needs approver"),
    ("U3", "reject 1 no", "this needs approver"),
)


@pytest.mark.usefixtures("shop")
def test_roles_hold_in_chat_as_anywhere(chat: Chat, database: Database) -> None:
    for user, text, reason in REFUSED:
        answer = chat.command(text, user)
        assert is_ephemeral(answer)
        # Mattermost's text is escaped.
        assert reason in answer.text.replace("\\", ""), answer.text
    assert list_runs(database) == []
    with database.reading() as session:
        query = select(AuditRecord).where(AuditRecord.action == "refuse").order_by(AuditRecord.id)
        found = [(one.door, one.actor, one.token) for one in session.scalars(query)]
    names = {"U2": "paul", "U3": "vera"}
    assert found == [("chat", names[user], f"{chat.name}/{user}") for user, _, _ in REFUSED]


@pytest.mark.usefixtures("shop")
def test_an_account_that_is_disabled_has_no_rights(chat: Chat, admin: Caller) -> None:
    admin.post("/api/v1/accounts/olga/disablement", {})
    answer = chat.command("status")
    assert "is disabled" in answer.text
    assert "revision" not in answer.text

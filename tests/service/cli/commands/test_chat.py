# SPDX-License-Identifier: Apache-2.0
"""`qm chat` against a real service."""

from collections.abc import Callable
from typing import Any

from click.testing import Result

from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.usecases.identities import give_code
from inventory_service.core.database.engine import Database

Qm = Callable[..., Result]
Ask = Callable[..., Any]


def test_a_user_is_linked_and_removed(qm: Qm, ask: Ask, database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as session:
        code = give_code(session, Sender("mattermost", "T1", "U1", "C1", "ada"))
    database.engine.dispose()
    refused = qm("chat", "link", code)
    assert refused.exit_code == 2
    assert "Let mattermost user ada (U1) of team T1 act for your account?" in refused.stderr
    made = ask("chat", "link", code, "--yes")
    assert (made["platform"], made["user_id"]) == ("mattermost", "U1")
    assert qm("chat", "link", code, "--yes").exit_code == 4
    [listed] = ask("chat", "identity", "list")
    assert listed["account"] == made["account"]
    ask("chat", "identity", "remove", str(made["id"]), "--reason", "gone", "--yes")
    assert ask("chat", "identity", "list") == []


def test_an_admin_adds_a_user(qm: Qm, ask: Ask) -> None:
    ask("token", "create", "robot")
    made = ask("chat", "identity", "add", "slack", "T1", "U1", "robot")
    assert made["account"] == "robot"
    assert qm("chat", "identity", "add", "irc", "T1", "U1", "robot").exit_code == 2

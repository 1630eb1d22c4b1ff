# SPDX-License-Identifier: Apache-2.0
"""Commands and buttons do what the API does, once, and refuse by name what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from inventory_service.chat.models.identities import SeenChatRequest
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault
from inventory_service.runs.usecases.orders import get_run
from inventory_service.settings import Settings
from tests.service.approvals.plan_rows import apply, make_plan
from tests.service.chat.chats import Chat, Mattermost, Server, Slack
from tests.service.chat.conftest import STRANGER, connect, make_worker
from tests.service.chat.pressed import is_ephemeral, list_refusals, list_runs, show_buttons

#: What differs between databases is tried by the tests of use cases and queries.
pytestmark = [
    pytest.mark.usefixtures("people"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.mark.usefixtures("shop")
def test_a_run_is_ordered_in_its_persons_name(chat: Chat, database: Database) -> None:
    answer = chat.command('run shop limit="web-1" check count=3 text=5 reason="a new release"')
    assert answer.status == 200
    [run] = list_runs(database)
    assert (run["requested_by"], run["door"], run["reason"]) == ("olga", "chat", "a new release")
    assert (run["limit"], run["options"]["check"]) == ("web-1", True)
    assert (run["answers"]["count"], run["answers"]["text"]) == (3, "5")
    assert f"Run {run['id']} of shop" in answer.text.replace("\\", "")


#: A command, and what is said of it; what is refused before a use case is in test_command_lines.
WRONG = (
    ("run shop limit=--extra-vars", "is no pattern"),
    ('run shop limit="-e x"', "is no pattern"),
    ("run shop limit=`id`", "is no pattern"),
    ("run shop limit=web-9", "matches no node"),
    ("run shop tags=--check", "tags"),
    ("run shop db_password=hunter2", "is a secret"),
    ("run shop nothing=1", "no question 'nothing'"),
    ("run shop count=many", "answers.count"),
    ("run --version", "template"),
    ("run nothing", "nothing"),
    ("run guarded", "must be approved"),
    ("apply 77", "There is no run 77"),
    ("nodes state=lost", "is no state"),
    ("runs state=bad", "is no state"),
    ("why web-1", "is no number of a run"),
    ("why 99999999999", "is no number of a run"),
    ("cancel 77", "There is no run 77"),
    ("approve {run} digest=x", "digest"),
    ("statis", "Did you mean 'status'"),
    ("help me", "There is no command"),
)


def test_what_is_wrong_is_refused_by_name(chat: Chat, waiting: int, database: Database) -> None:
    before = list_runs(database)
    for text, reason in WRONG:
        answer = chat.command(text.format(run=waiting))
        assert is_ephemeral(answer)
        # As text of a JSON document, in which Mattermost's escapes are doubled.
        assert reason in answer.text.replace("\\", ""), (text, answer.text)
    assert list_runs(database) == before


@pytest.mark.usefixtures("shop")
def test_texts_of_others_format_and_call_nobody(
    chat: Chat, chat_server: Server, worker: Any
) -> None:
    bad = "<!channel> @all *bold* [a](http://evil) <http://evil|x>"
    chat.command(f'run shop reason="{bad}"')
    worker.turn()
    [written] = chat_server.posts.values()
    if isinstance(chat, Slack):
        [value] = [
            one
            for block in written.body["blocks"]
            for one in block.get("fields", [])
            if "evil" in one["text"]
        ]
        # What is plain is shown as it is.
        assert (value["type"], written.body["link_names"]) == ("plain_text", False)
        assert "<" not in written.body["text"]
    else:
        assert "@all" not in written.words
        assert "*bold*" not in written.words.replace("\\\\*", "")
        assert "[a](http" not in written.words


@pytest.mark.usefixtures("shop")
def test_a_mattermost_command_in_a_talk_of_two(
    app: Flask, chat_server: Server, database: Database
) -> None:
    """The talk has no team, so that a pressed button names none."""
    with database.writing() as session:
        apply(session, make_plan(session, "guarded"))
    chat = connect(app, chat_server, "mattermost")
    chat.command("plan shop")
    worker_settings = app.extensions["quartermaster"].settings
    make_worker(database, worker_settings, "mattermost").turn()
    [post_id] = chat_server.posts
    sealed = Mattermost.buttons(chat_server.posts[post_id].body)["Cancel"]
    answer = chat.press(sealed, post_id=post_id, fields={"team_id": ""})
    assert "update" in answer.json, answer.text


def test_an_approval_acts_once_however_often_it_is_pressed(
    chat: Chat,
    waiting: int,
    database: Database,
    settings: Settings,
    worker: Any,
    chat_server: Server,
) -> None:
    sealed = show_buttons(chat, database, settings, waiting)["Approve"]
    [post_id] = chat_server.posts
    answer = chat.press(sealed, "U2", post_id)
    assert answer.status == 200
    with database.reading() as session:
        run = get_run(session, waiting)
        assert (run.state, run.approvals_given) == ("queued", 1)
    assert chat.repeat().status == 409
    again = chat.press(sealed, "U2", post_id)
    assert "approved by paul already" in list_refusals(chat, again, worker)
    other = chat.press(sealed, "U1", post_id)
    assert "approved by paul already" in list_refusals(chat, other, worker)
    with database.reading() as session:
        assert get_run(session, waiting).approvals_given == 1
        query = select(AuditRecord).where(AuditRecord.action == "approve")
        [record] = session.scalars(query)
        assert (record.actor, record.door, record.token) == ("paul", "chat", f"{chat.name}/U2")
    # The message is replaced: nobody approves it any more.
    worker.turn()
    assert "Approve" not in chat.buttons(chat_server.posts[post_id].body)
    assert "1 of 1" in chat_server.posts[post_id].words


def test_who_ordered_a_run_does_not_approve_it(
    chat: Chat, waiting: int, database: Database, settings: Settings, worker: Any
) -> None:
    sealed = show_buttons(chat, database, settings, waiting)["Approve"]
    assert "somebody else must" in list_refusals(chat, chat.press(sealed, "U4"), worker)
    assert "needs approver" in list_refusals(chat, chat.press(sealed, "U3"), worker)
    assert "has no account" in list_refusals(chat, chat.press(sealed, STRANGER), worker)
    with database.reading() as session:
        assert get_run(session, waiting).state == "awaiting_approval"


def test_a_rejection_by_a_button_ends_the_run(
    chat: Chat, waiting: int, database: Database, settings: Settings
) -> None:
    sealed = show_buttons(chat, database, settings, waiting)["Reject"]
    assert chat.press(sealed, "U2").status == 200
    with database.reading() as session:
        run = get_run(session, waiting)
        assert run.state == "rejected"
        assert f"rejected by paul: by a button in {chat.name}" in str(run.state_reason)


def test_an_approval_of_a_plan_that_is_void_is_refused(
    chat: Chat, waiting: int, database: Database, settings: Settings, worker: Any
) -> None:
    sealed = show_buttons(chat, database, settings, waiting)["Approve"]
    with database.writing() as session:
        get_run(session, waiting).expires_at = datetime.now(UTC) - timedelta(seconds=1)
    assert "Order a new plan" in list_refusals(chat, chat.press(sealed, "U2"), worker)
    with database.writing() as session:
        run = get_run(session, waiting)
        run.expires_at, run.digest = datetime.now(UTC) + timedelta(hours=1), "e" * 64
    assert "digest" in list_refusals(chat, chat.press(sealed, "U2"), worker)


def test_a_button_of_somebody_else_does_nothing(
    chat: Chat, waiting: int, database: Database, settings: Settings, worker: Any
) -> None:
    sealed = show_buttons(chat, database, settings, waiting)["Approve"]
    for wrong in (sealed[:-4] + "AAAA", "approve:1", ""):
        said = list_refusals(chat, chat.press(wrong, "U2"), worker)
        assert "not of this service" in said, wrong
    with database.reading() as session:
        # Who can make no button can't write a row either, nor a record in somebody's name.
        assert session.scalars(select(SeenChatRequest)).all() == []
        refusals = select(AuditRecord).where(AuditRecord.action == "refuse")
        assert session.scalars(refusals).all() == []
    other = Vault(settings.secret_key_path).seal({"webhook_url": "https://x"})
    assert "no button" in list_refusals(chat, chat.press(other, "U2"), worker)
    with database.reading() as session:
        assert get_run(session, waiting).state == "awaiting_approval"


def test_a_button_is_good_in_its_channel_and_on_its_platform_only(
    app: Flask, chat: Chat, waiting: int, database: Database, settings: Settings, worker: Any
) -> None:
    sealed = show_buttons(chat, database, settings, waiting)["Approve"]
    where = {"slack": {"channel": {"id": "C2"}}, "mattermost": {"channel_id": "C2"}}
    answer = chat.press(sealed, "U2", fields=where[chat.name])
    assert "another channel" in list_refusals(chat, answer, worker)
    other = connect(app, chat.server, "slack" if chat.name == "mattermost" else "mattermost")
    other.press(sealed, "U2")
    with database.reading() as session:
        assert get_run(session, waiting).state == "awaiting_approval"


@pytest.mark.usefixtures("shop")
def test_a_plan_is_applied_by_its_button(
    chat: Chat, database: Database, settings: Settings, worker: Any, chat_server: Server
) -> None:
    with database.writing() as session:
        plan_id = make_plan(session, "guarded").id
    sealed = show_buttons(chat, database, settings, plan_id)["Apply"]
    [post_id] = chat_server.posts
    chat.press(sealed, "U1", post_id)
    [_, run] = list_runs(database)
    assert (run["plan_of"], run["state"], run["requested_by"]) == (
        plan_id,
        "awaiting_approval",
        "olga",
    )
    worker.turn()
    assert f"run {run['id']}" in chat_server.posts[post_id].words
    assert chat.buttons(chat_server.posts[post_id].body) == {}
    [other] = [one for name, one in chat_server.posts.items() if name != post_id]
    assert set(chat.buttons(other.body)) == {"Approve", "Reject", "Cancel"}
    again = chat.press(sealed, "U1", post_id)
    assert "already" in list_refusals(chat, again, worker)


def test_a_decision_by_a_command_says_who_decided(
    chat: Chat, waiting: int, database: Database
) -> None:
    answer = chat.command(f"approve {waiting} looks good", "U2")
    assert answer.json["response_type"] == "in_channel"
    assert "paul" in answer.text
    with database.reading() as session:
        assert get_run(session, waiting).state == "queued"
    assert "approved by paul already" in chat.command(f"reject {waiting} no", "U1").text.replace(
        "\\", ""
    )
    assert "cancelled" in chat.command(f"cancel {waiting}").text
    assert "has ended" in chat.command(f"cancel {waiting}").text

# SPDX-License-Identifier: Apache-2.0
"""Requests of platforms over HTTP: verified, answered once, and carried out as by the API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from flask import Flask
from sqlalchemy import select

from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.domain.updates import Way
from inventory_service.chat.models.identities import SeenChatRequest
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault
from inventory_service.core.revision import next_revision
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.orders import get_run
from inventory_service.settings import Settings
from tests.service.approvals.plan_rows import PLAYBOOK, add_template, apply, make_plan
from tests.service.chat.chats import CHANNEL, TEAM, Answer, Chat, Mattermost, Server, Slack
from tests.service.chat.conftest import STRANGER, connect, make_worker
from tests.service.conftest import Caller

#: What differs between databases is tried by the tests of use cases and queries.
pytestmark = [
    pytest.mark.usefixtures("people"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
#: What nobody may learn who has no account.
FLEET_WORDS = ("web-1", "shop", "revision", "olga")


@pytest.fixture
def shop(database: Database, nodes: None) -> None:  # noqa: ARG001 - only that they are there
    """A template with questions, whose runs need one approval if they are no check."""
    survey = {
        "type": "object",
        "properties": {
            "count": {"type": "integer", "default": 1},
            "text": {"type": "string", "default": "x"},
            "db_password": {"type": "string", "default": "y"},
        },
    }
    with database.writing() as session:
        add_template(session, "shop", survey=survey)
        add_template(session, "guarded", approvals_needed=1)


def list_runs(database: Database) -> list[dict[str, Any]]:
    with database.reading() as session:
        return [one.as_dict() for one in session.scalars(select(Run).order_by(Run.id))]


def is_ephemeral(answer: Answer) -> bool:
    return answer.json["response_type"] == "ephemeral"


# Verification


def test_slack_is_not_answered_if_a_byte_differs(app: Flask, chat_server: Server) -> None:
    slack = connect(app, chat_server, "slack")
    assert isinstance(slack, Slack)
    assert slack.command("whoami").status == 200
    door, headers, body = slack.last
    for sent in (body + b"&text=status", body.replace(b"whoami", b"status"), b""):
        answer = slack.sign(door, body, sent=sent, moment=time.time() + 1)
        assert answer.status == 401, answer.text
    for name, value in (
        ("X-Slack-Signature", ""),
        ("X-Slack-Signature", headers["X-Slack-Signature"].removeprefix("v0=")),
        ("X-Slack-Signature", headers["X-Slack-Signature"].replace("v0", "v1")),
        ("X-Slack-Request-Timestamp", ""),
        ("X-Slack-Request-Timestamp", "1" * 40),
        ("X-Slack-Request-Timestamp", "-5"),
    ):
        assert slack.sign(door, body, headers={name: value}).status == 401, (name, value)


def test_an_old_request_is_refused(chat: Chat) -> None:
    for age, status in ((290, 200), (310, 401), (-290, 200), (-310, 401)):
        assert chat.command("whoami", moment=time.time() - age).status == status, age


def test_another_secret_is_refused(chat: Chat) -> None:
    assert chat.command("whoami", secret="another").status == 401


def test_another_team_is_refused(chat: Chat) -> None:
    answer = chat.command("whoami", fields={"team_id": "T2"})
    assert answer.status == 403
    assert "TEAMS" in answer.text


@pytest.mark.usefixtures("shop")
def test_a_request_is_answered_once(chat: Chat, database: Database) -> None:
    assert chat.command("run shop").status == 200
    assert chat.repeat().status == 409
    assert len(list_runs(database)) == 1


def test_what_was_seen_is_forgotten_when_it_is_too_old_anyway(
    chat: Chat, database: Database
) -> None:
    with database.writing() as session:
        old = datetime.now(UTC) - timedelta(minutes=21)
        session.add(SeenChatRequest(key="k" * 64, at=old))
    chat.command("whoami")
    with database.reading() as session:
        [key] = session.scalars(select(SeenChatRequest.key))
    assert key != "k" * 64


def test_answers_go_to_the_platform_alone(chat: Chat) -> None:
    ours = chat.server.url
    for url in (
        "https://evil.example/hooks/commands/1",
        "http://127.0.0.1:1/hooks/commands/1",
        "",
        ours.replace("http://", "http://x@") + "/hooks/commands/1",
        f"{ours}.evil.example/hooks/commands/1",
    ):
        assert chat.command("whoami", fields={"response_url": url}).status == 422, url


def test_mattermost_must_prove_each_part(app: Flask, chat_server: Server) -> None:
    mattermost = connect(app, chat_server, "mattermost")
    for name, change in (
        ("trigger_id", ""),
        ("trigger_id", "bm90IGEgdHJpZ2dlcg=="),
        # That of another user.
        ("user_id", "U2"),
        ("token", "another"),
    ):
        assert mattermost.command("whoami", fields={name: change}).status == 401, name
    assert mattermost.command("whoami", headers={"Authorization": "Bearer x"}).status == 401


def test_a_field_that_is_there_twice_is_refused(app: Flask, chat_server: Server) -> None:
    slack = connect(app, chat_server, "slack")
    assert isinstance(slack, Slack)
    body = urlencode([("team_id", TEAM), ("team_id", "T2"), ("text", "help")]).encode()
    assert slack.sign("commands", body).status == 422
    assert slack.sign("actions", b"payload=%7B").status == 422
    assert slack.sign("commands", b"\xff\xfe=1").status == 422
    assert slack.sign("commands", b"a=" + b"x" * 300_000).status == 413


def test_without_settings_there_is_no_door(
    make_app: Callable[[Settings], Flask], database_url: str, chat_server: Server
) -> None:
    app = make_app(Settings(database_url=database_url))
    for name in ("slack", "mattermost"):
        chat = connect(app, chat_server, name)
        assert chat.command("help").status == 404
        assert chat.press("x").status == 404


def test_other_channels_hear_nothing(
    make_app: Callable[[Settings], Flask], settings: Settings, chat_server: Server
) -> None:
    update = {"slack_channels": "C1", "mattermost_channels": "C1"}
    app = make_app(settings.model_copy(update=update))
    for name in ("slack", "mattermost"):
        chat = connect(app, chat_server, name)
        assert "olga" in chat.command("whoami").text
        other = chat.command("whoami", fields={"channel_id": "C2"})
        assert "olga" not in other.text
        assert "channel" in other.text


def test_secrets_that_all_can_read_are_not_used(
    app: Flask, chat_server: Server, settings: Settings
) -> None:
    path = settings.slack_signing_secret_file
    assert path is not None
    path.chmod(0o644)
    answer = connect(app, chat_server, "slack").command("whoami")
    assert answer.status == 503
    assert str(path) not in answer.text


def test_two_secrets_are_good_while_one_is_replaced(
    app: Flask, chat_server: Server, settings: Settings
) -> None:
    path = settings.slack_signing_secret_file
    assert path is not None
    path.write_text("the-new-one\nthe-old-one\n", "utf-8")
    slack = connect(app, chat_server, "slack")
    assert slack.command("whoami", secret="the-new-one").status == 200
    assert slack.command("whoami", secret="the-old-one").status == 200
    assert slack.command("whoami").status == 401


# Rights


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


# Commands


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
    ("stauts", "Did you mean 'status'"),
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
def test_the_fleet_is_shown(chat: Chat) -> None:
    chat.command("run shop limit=web-1")
    for text, *words in (
        ("status", "2 active", "1 queued"),
        ("nodes", "web-1", "web-2"),
        ("nodes web-2 state=active type=web", "web-2"),
        ("nodes state=planned", "No node fits"),
        ("runs state=queued template=shop", "shop: queued, by olga"),
        ("runs template=guarded", "No run fits"),
        ("whoami", "olga", "operator in all projects"),
        ("help run", "TEMPLATE", "[ANSWER=…]"),
        ("why 1", "waits for a worker"),
    ):
        answer = chat.command(text)
        assert is_ephemeral(answer)
        shown = answer.text.replace("\\", "")
        assert [word for word in words if word not in shown] == [], (text, shown)
    assert "web-1" not in chat.command("nodes web-2").text


def test_long_lists_are_cut(chat: Chat, operator: Caller, cluster: str) -> None:
    nodes = [
        {"node_id": f"web-{number:03}", "node_type": "web", "cluster_id": cluster}
        for number in range(40)
    ]
    for node in nodes:
        operator.post("/api/v1/nodes", node)
    shown = chat.command("nodes").text
    assert shown.count("planned") == 20
    assert "and more" in shown


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


# Buttons


@pytest.fixture
def waiting(database: Database, shop: None) -> int:  # noqa: ARG001 - only that it is there
    """A run of Anna that waits for one approval."""
    with database.writing() as session:
        return apply(session, make_plan(session, "guarded")).id


def show_buttons(chat: Chat, database: Database, settings: Settings, run_id: int) -> dict[str, str]:
    """Return the buttons of the message about a run, which is in the channel."""
    with database.writing() as session:
        sender = Sender(chat.name, TEAM, "U4", CHANNEL)
        ChatMessage.follow(session, sender, run_id, way=Way.POST, sealed_reply=None)
    make_worker(database, settings, chat.name).turn()
    return chat.buttons([*chat.server.posts.values()][-1].body)


def list_refusals(chat: Chat, answer: Answer, worker: Any) -> str:
    """Return what who pressed a button is told."""
    if isinstance(chat, Mattermost):
        return str(answer.json.get("ephemeral_text", "")).replace("\\", "")
    before = len(chat.server.replies)
    worker.turn()
    said = chat.server.replies[before:]
    assert all(one.body["response_type"] == "ephemeral" for one in said)
    assert not any(one.body["replace_original"] for one in said)
    return " ".join(one.words for one in said)


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


# Time


def test_a_busy_service_says_so_in_time_and_answers_later(
    chat: Chat,
    database: Database,
    worker: Any,
    chat_server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inventory_service.chat.routes.doors.ANSWER_S", 0.2)
    begun = time.monotonic()
    with database.writing() as session:
        # Only by then the lock is taken.
        next_revision(session)
        answer = chat.command("whoami")
    assert time.monotonic() - begun < 2
    assert "busy" in answer.text
    deadline = time.monotonic() + 30
    while not chat_server.replies:
        assert time.monotonic() < deadline
        worker.turn()
    assert "olga" in chat_server.replies[0].words


@pytest.mark.usefixtures("shop")
def test_no_secret_is_logged_or_answered(
    chat: Chat, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    for answer in (chat.command("run shop"), chat.command("what"), chat.press("x")):
        assert "sentinel" not in answer.text
    said = capsys.readouterr()
    assert "sentinel" not in said.out + said.err
    with database.reading() as session:
        found = [
            json.dumps(one.as_dict(), default=str) for one in session.scalars(select(AuditRecord))
        ]
    assert "sentinel" not in "".join(found)
    body = chat.last[2]
    assert PLAYBOOK not in body.decode()
    assert parse_qsl(body.decode()) or json.loads(body)

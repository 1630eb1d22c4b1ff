# SPDX-License-Identifier: Apache-2.0
"""Requests of platforms over HTTP: each is verified, and answered once."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask import Flask

from inventory_service.core.database.engine import Database
from inventory_service.settings import Settings
from tests.service.chat.chats import TEAM, Chat, Server, Slack
from tests.service.chat.conftest import connect
from tests.service.chat.pressed import list_runs

#: What differs between databases is tried by the tests of use cases and queries.
pytestmark = [
    pytest.mark.usefixtures("people"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


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

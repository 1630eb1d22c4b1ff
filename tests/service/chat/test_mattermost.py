# SPDX-License-Identifier: Apache-2.0
"""Mattermost's form of messages: escaped texts, and buttons that come back."""

import json
from pathlib import Path

import pytest

from inventory_service.chat.domain.messages import Act, Button, Message
from inventory_service.chat.mattermost import Mattermost
from inventory_service.chat.platforms import make_platforms
from inventory_service.settings import Settings
from tests.service.chat.chats import BOT_TOKEN, Server, make_settings

BAD = "@all *b* _i_ [x](http://evil) <http://evil> `c` # h\n~s~"
MESSAGE = Message(
    BAD,
    BAD,
    (("State", BAD),),
    (Button(Act.APPROVE, 1, "d" * 64, "Sure?"), Button(Act.CANCEL, 1)),
    "https://qm.example/api/v1/runs/1",
)


def seal(button: Button) -> str:
    return f"sealed-{button.act}"


@pytest.fixture
def mattermost(tmp_path: Path) -> Mattermost:
    settings = Settings(**make_settings(tmp_path, Server(port=9)))
    found = make_platforms(settings).known["mattermost"]
    assert isinstance(found, Mattermost)
    return found


def test_texts_of_others_are_escaped(mattermost: Mattermost) -> None:
    answer = mattermost.render_answer(MESSAGE, seal)
    [attachment] = answer["attachments"]
    shown = (answer["text"], attachment["text"], attachment["fields"][0]["value"])
    for text in shown:
        inner = text.removeprefix("**").replace("** [Details]", "")
        assert "@all" not in inner
        for mark in "*_[<`#~":
            assert f"\\{mark}" in inner
            assert mark not in inner.replace(f"\\{mark}", "").replace("[Details]", "")
    assert answer["skip_slack_parsing"] is True
    assert answer["response_type"] == "ephemeral"


def test_buttons_come_back_to_the_service(mattermost: Mattermost) -> None:
    [attachment] = mattermost.render_answer(MESSAGE, seal)["attachments"]
    approve, cancel = attachment["actions"]
    assert approve["integration"] == {
        "url": "https://qm.example/api/v1/chat/mattermost/actions",
        "context": {"sealed": "sealed-approve"},
    }
    assert approve["id"].isalnum()
    assert approve["id"] != cancel["id"]


def test_a_refusal_is_for_who_pressed_alone(mattermost: Mattermost) -> None:
    assert mattermost.render_action_answer(Message("no"), seal, is_refusal=True) == {
        "ephemeral_text": "**no**"
    }
    taken = mattermost.render_action_answer(MESSAGE, seal, is_refusal=False)
    assert taken["update"]["props"]["attachments"]
    # What has no buttons any more must lose them.
    ended = mattermost.render_action_answer(Message("done"), seal, is_refusal=False)
    assert ended["update"]["props"] == {"attachments": []}


def test_requests_of_the_bot(mattermost: Mattermost) -> None:
    post = mattermost.post(MESSAGE, "C1", seal)
    assert (post.method, post.url) == ("POST", "http://127.0.0.1:9/api/v4/posts")
    assert post.headers == {"Authorization": f"Bearer {BOT_TOKEN}"}
    change = mattermost.change(MESSAGE, "C1", "p1", seal)
    assert (change.method, change.url) == ("PUT", "http://127.0.0.1:9/api/v4/posts/p1/patch")
    reply = mattermost.reply(MESSAGE, "http://127.0.0.1:9/hooks/commands/1", seal, replaces=False)
    assert reply.headers == {}


@pytest.mark.parametrize(
    ("status", "body", "post_id", "error", "is_barred"),
    [
        (201, {"id": "p1"}, "p1", "", False),
        (200, {"id": "../x"}, None, "no post", False),
        (200, {}, None, "no post", False),
        (403, {}, None, "403", True),
        (404, {}, None, "404", True),
        (500, {}, None, "500", False),
        (302, {}, None, "302", False),
    ],
)
def test_answers_are_understood(
    mattermost: Mattermost,
    status: int,
    body: object,
    post_id: str | None,
    error: str,
    *,
    is_barred: bool,
) -> None:
    heard = mattermost.read_answer(status, json.dumps(body).encode())
    assert (heard.post_id, heard.is_barred) == (post_id, is_barred)
    assert error in (heard.error or "")
    assert (heard.error is None) == (post_id is not None)

# SPDX-License-Identifier: Apache-2.0
"""Slack's form of messages: plain texts, within the limits of Block Kit."""

import json
from pathlib import Path
from typing import Any

import pytest

from inventory_service.chat.domain.messages import Act, Button, Message
from inventory_service.chat.platforms import make_platforms
from inventory_service.chat.slack import Slack, render
from inventory_service.settings import Settings
from tests.service.chat.chats import BOT_TOKEN, Server, make_settings

BAD = "<!channel> <@U1> & *b* _i_ ~s~ `c` @here"
MESSAGE = Message(
    BAD,
    BAD,
    (("State", BAD), ("Hosts", "")),
    (Button(Act.APPROVE, 1, "d" * 64, "Sure?"), Button(Act.REJECT, 1), Button(Act.CANCEL, 1)),
    "https://qm.example/api/v1/runs/1",
    is_public=True,
)


def seal(button: Button) -> str:
    return f"sealed-{button.act}"


@pytest.fixture
def slack(tmp_path: Path) -> Slack:
    found = make_platforms(Settings(**make_settings(tmp_path, Server(port=9)))).known["slack"]
    assert isinstance(found, Slack)
    return found


def list_texts(found: Any) -> list[dict[str, Any]]:
    """Return all text objects of a message."""
    if isinstance(found, list):
        return [text for one in found for text in list_texts(one)]
    if not isinstance(found, dict):
        return []
    mine = [found] if found.get("type") in {"mrkdwn", "plain_text"} else []
    return mine + [text for one in found.values() for text in list_texts(one)]


def test_texts_of_others_are_plain_or_without_marks() -> None:
    body = render(MESSAGE, seal)
    assert "<" not in body["text"]
    for one in list_texts(body["blocks"]):
        if one["type"] == "mrkdwn" and not one["text"].startswith("<https://qm.example"):
            inner = one["text"].strip("*")
            assert not [mark for mark in ("<", "@h", "*b", "_i", "~s", "`c") if mark in inner]
        else:
            assert one.get("emoji") is False or one["type"] == "mrkdwn"


def test_buttons_ask_where_there_is_a_question() -> None:
    [actions] = [one for one in render(MESSAGE, seal)["blocks"] if one["type"] == "actions"]
    approve, reject, cancel = actions["elements"]
    assert approve["confirm"]["text"]["text"] == "Sure?"
    assert "confirm" not in reject
    assert [one.get("style") for one in (approve, reject, cancel)] == ["primary", "danger", None]
    assert approve["value"] == "sealed-approve"
    assert len({one["action_id"] for one in actions["elements"]}) == 3


def test_the_longest_message_is_within_the_limits() -> None:
    fields = tuple((f"Field {n}", "v" * 5000) for n in range(40))
    body = render(Message("t" * 999, "x" * 9999, fields, MESSAGE.buttons).cut(), seal)
    assert len(body["blocks"]) <= 50
    for block in body["blocks"]:
        assert len(block.get("fields", [])) <= 10
        for one in list_texts(block):
            assert 1 <= len(one["text"]) <= (2000 if one in block.get("fields", []) else 3000)


def test_an_empty_value_is_not_sent() -> None:
    assert all(one["text"] for one in list_texts(render(MESSAGE, seal)))


def test_requests_of_the_bot(slack: Slack) -> None:
    post = slack.post(MESSAGE, "C1", seal)
    assert post.url == "http://127.0.0.1:9/api/chat.postMessage"
    assert post.headers["Authorization"] == f"Bearer {BOT_TOKEN}"
    assert post.body["channel"] == "C1"
    change = slack.change(MESSAGE, "C1", "17.3", seal)
    assert (change.url, change.body["ts"]) == ("http://127.0.0.1:9/api/chat.update", "17.3")
    reply = slack.reply(MESSAGE, "http://127.0.0.1:9/hooks/1", seal, replaces=True)
    assert reply.body["replace_original"] is True
    # The token goes to the API alone.
    assert reply.headers == {}


@pytest.mark.parametrize(
    ("status", "body", "post_id", "error", "is_barred"),
    [
        (200, {"ok": True, "ts": "1.2"}, "1.2", None, False),
        (200, {"ok": False, "error": "not_in_channel"}, None, "not_in_channel", True),
        (200, {"ok": False, "error": "ratelimited"}, None, "ratelimited", False),
        (200, {"ok": False}, None, "no reason given", False),
        (200, [], None, "no JSON", False),
        (429, {}, None, "429", False),
    ],
)
def test_answers_are_understood(
    slack: Slack, status: int, body: Any, post_id: str | None, error: str | None, *, is_barred: bool
) -> None:
    heard = slack.read_answer(status, json.dumps(body).encode())
    assert (heard.post_id, heard.is_barred) == (post_id, is_barred)
    assert (error or "") in (heard.error or "")
    assert (heard.error is None) == (error is None)

# SPDX-License-Identifier: Apache-2.0
"""Runs that are ordered in chat, by real processes: their messages change until they end."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from inventory_service.core.encryption import make_key
from tests.e2e.runs.running import RunService
from tests.e2e.service.process import wait_until
from tests.service.chat.chats import CHATS, TEAM, Answer, Chat, Server, make_settings, serving

#: What platforms wait for an answer.
MOST_ANSWER_S = 3


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def service(tmp_path: Path, server: Server) -> Iterator[RunService]:
    """A service, without its worker yet, whose first account is a user of both platforms."""
    settings = {
        f"QM_{name.upper()}": str(value)
        for name, value in make_settings(tmp_path, server).items()
        if value is not None
    }
    make_key(tmp_path / "secret.key")
    service = RunService(tmp_path, f"sqlite:///{tmp_path}/fleet.sqlite", **settings)
    account = service.web.get("/api/v1/whoami")["account"]
    for name in CHATS:
        body = {"platform": name, "team_id": TEAM, "user_id": "U1", "account": account}
        assert service.web.post("/api/v1/chat/identities", body).status_code == 201
    yield service
    service.stop()


@pytest.fixture
def connect(service: RunService, server: Server) -> Callable[[str], Chat]:
    def send(path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        begun = time.monotonic()
        url = f"{service.web.url}{path}"
        answer = requests.post(url, data=body, headers=dict(headers), timeout=30)
        assert time.monotonic() - begun < MOST_ANSWER_S
        return Answer(answer.status_code, answer.text)

    return lambda name: CHATS[name](send, server)


def find_post(folder: Path) -> str | None:
    """Return the id of the first message as the service knows it."""
    with sqlite3.connect(folder / "fleet.sqlite") as database:
        row: Any = database.execute("SELECT post_id FROM chat_messages WHERE id = 1").fetchone()
    database.close()
    return None if row is None else row[0]


def order(chat: Chat, text: str, user: str = "U1") -> None:
    answer = chat.command(text, user)
    assert answer.status == 200
    assert "is ordered" in answer.text, answer.text


def test_a_run_is_told_to_its_end_although_the_worker_is_killed(
    service: RunService, server: Server, connect: Callable[[str], Chat], tmp_path: Path
) -> None:
    chat = connect("slack")
    assert "has no account" in chat.command("run steps", "U9").text
    order(chat, "run steps steps=4 reason='a try'")
    assert chat.repeat().status == 409
    service.start_worker()
    wait_until(lambda: find_post(tmp_path), what="the first message")
    service.kill_worker()
    service.start_worker()
    assert service.wait_for(1)["state"] == "successful"
    post_id = find_post(tmp_path) or ""
    wait_until(lambda: "successful" in server.posts[post_id].words, what="the last message")
    [ended] = server.posts.values()
    for word in ("Duration", "Changed hosts", "web-1, web-2", "https://qm.example/api/v1/runs/1"):
        assert word in ended.words, ended.words
    assert chat.buttons(ended.body) == {}
    assert len(server.heard) > 1


def test_a_run_is_cancelled_by_its_button_once(
    service: RunService, server: Server, connect: Callable[[str], Chat], tmp_path: Path
) -> None:
    chat = connect("mattermost")
    service.start_worker()
    order(chat, "run sleep seconds=300")
    wait_until(lambda: find_post(tmp_path), what="the first message")
    service.wait_for(1, "running")
    post_id = find_post(tmp_path) or ""
    sealed = chat.buttons(server.posts[post_id].body)["Cancel"]
    assert "update" in chat.press(sealed, post_id=post_id).text
    assert chat.repeat().status == 409
    assert service.wait_for(1)["state"] == "cancelled"
    wait_until(lambda: "cancelled" in server.posts[post_id].words, what="the last message")
    again = chat.press(sealed, post_id=post_id)
    assert "has ended" in again.json["ephemeral_text"]
    assert "cancelled by" in chat.command("why 1").text

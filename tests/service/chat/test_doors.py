# SPDX-License-Identifier: Apache-2.0
"""From the bytes that a platform sends to those that it gets, in time, and without secrets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from sqlalchemy import select

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.revision import next_revision
from inventory_service.settings import Settings
from tests.service.approvals.plan_rows import PLAYBOOK
from tests.service.chat.chats import Chat, Server
from tests.service.chat.conftest import connect

#: What differs between databases is tried by the tests of use cases and queries.
pytestmark = [
    pytest.mark.usefixtures("people"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


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


def test_a_busy_service_says_so_in_time_and_answers_later(
    chat: Chat,
    database: Database,
    worker: Any,
    chat_server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inventory_service.chat.doors.ANSWER_S", 0.2)
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

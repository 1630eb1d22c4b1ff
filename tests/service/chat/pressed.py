# SPDX-License-Identifier: Apache-2.0
"""What a service has done for chat, and what people are told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.domain.updates import Way
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.core.database.engine import Database
from inventory_service.runs.models.runs import Run
from inventory_service.settings import Settings
from tests.service.chat.chats import CHANNEL, TEAM, Answer, Chat, Mattermost
from tests.service.chat.conftest import make_worker


def list_runs(database: Database) -> list[dict[str, Any]]:
    with database.reading() as session:
        return [one.as_dict() for one in session.scalars(select(Run).order_by(Run.id))]


def is_ephemeral(answer: Answer) -> bool:
    return answer.json["response_type"] == "ephemeral"


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

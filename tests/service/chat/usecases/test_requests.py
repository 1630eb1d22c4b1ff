# SPDX-License-Identifier: Apache-2.0
"""A request is answered once, also by two services on one database."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from inventory_service.chat.models.identities import SeenChatRequest
from inventory_service.chat.usecases.requests import note_request
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict


def test_a_request_is_answered_once(store: Database) -> None:
    with store.writing() as session:
        note_request(session, "slack", "v0=a")
        note_request(session, "mattermost", "v0=a")
        note_request(session, "slack", "v0=b")
    with store.writing() as session, pytest.raises(Conflict, match="before"):
        note_request(session, "slack", "v0=a")


def test_what_is_too_old_anyway_is_forgotten(store: Database) -> None:
    now = datetime.now(UTC)
    with store.writing() as session:
        session.add(SeenChatRequest(key="old", at=now - timedelta(minutes=21)))
        session.add(SeenChatRequest(key="new", at=now - timedelta(minutes=11)))
        note_request(session, "slack", "v0=a")
    with store.reading() as session:
        keys = set(session.scalars(select(SeenChatRequest.key)))
    assert "old" not in keys
    assert "new" in keys

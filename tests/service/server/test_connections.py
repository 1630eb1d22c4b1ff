# SPDX-License-Identifier: Apache-2.0
"""A connection knows since when it waits, for a request and for its answer to be read."""

import time

import pytest
from waitress.channel import HTTPChannel  # type: ignore[import-untyped] # ships no types

from inventory_service.server.connections import Connection


def test_each_answer_has_its_own_time_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection.__new__(Connection)
    connection.unread_since = connection.waiting_since = began = time.monotonic()
    seen: list[float | None] = []
    monkeypatch.setattr(HTTPChannel, "service", lambda one: seen.append(one.unread_since))
    connection.service()
    assert seen == [None]
    assert connection.waiting_since > began

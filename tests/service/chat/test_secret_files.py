# SPDX-License-Identifier: Apache-2.0
"""Secrets in files: read at each use, and not used if others can read them."""

from __future__ import annotations

import pytest
from flask import Flask

from inventory_service.settings import Settings
from tests.service.chat.chats import Server
from tests.service.chat.conftest import connect

#: What differs between databases is tried by the tests of use cases and queries.
pytestmark = [
    pytest.mark.usefixtures("people"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


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

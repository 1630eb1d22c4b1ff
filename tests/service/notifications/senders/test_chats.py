# SPDX-License-Identifier: Apache-2.0
"""Chats get a text whose first line is the run and its end, and which calls nobody."""

import json

from inventory_service.notifications.domain.destinations import Allowance
from inventory_service.notifications.domain.messages import Message
from inventory_service.notifications.senders.addresses import Addresses
from inventory_service.notifications.senders.chats import send_mattermost, send_slack
from inventory_service.notifications.senders.posts import Poster
from tests.service.notifications.conftest import Receiver
from tests.service.notifications.domain.test_messages import RUN

POSTER = Poster(Addresses(Allowance.parse("127.0.0.0/8")))


def test_slack_gets_a_text_without_mentions(receiver: Receiver) -> None:
    assert send_slack(POSTER, Message(7, "ops", RUN), receiver.url).error is None
    text = json.loads(receiver.heard[0].body)["text"]
    assert text.startswith("*Run 12 of site (check): failed*\n")
    assert "&lt;!channel&gt; &amp; more" in text
    assert text.endswith("\nhttps://qm.example/api/v1/runs/12")


def test_mattermost_gets_a_text_without_mentions(receiver: Receiver) -> None:
    assert send_mattermost(POSTER, Message(7, "ops", RUN), receiver.url).error is None
    text = json.loads(receiver.heard[0].body)["text"]
    assert text.startswith("**Run 12 of site")
    assert "<!channel>" not in text
    assert text.endswith("\nhttps://qm.example/api/v1/runs/12")


def test_a_test_has_no_link(receiver: Receiver) -> None:
    assert send_slack(POSTER, Message(7, "ops", None), receiver.url).error is None
    assert "http" not in json.loads(receiver.heard[0].body)["text"]

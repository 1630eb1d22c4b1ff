# SPDX-License-Identifier: Apache-2.0
"""A webhook is JSON, and whoever has the secret can prove who sent it, and when."""

import hashlib
import hmac
import json

from inventory_service.notifications.domain.destinations import Allowance
from inventory_service.notifications.domain.messages import Message
from inventory_service.notifications.senders.addresses import Addresses
from inventory_service.notifications.senders.posts import Poster
from inventory_service.notifications.senders.webhooks import send_webhook
from tests.service.notifications.conftest import Receiver
from tests.service.notifications.domain.test_messages import RUN

POSTER = Poster(Addresses(Allowance.parse("127.0.0.0/8")))
SECRET = "a secret of some length"


def test_the_signature_covers_body_and_time(receiver: Receiver) -> None:
    outcome = send_webhook(POSTER, Message(7, "ops", RUN), receiver.url, SECRET, now=lambda: 1e9)
    assert outcome.error is None
    [heard] = receiver.heard
    signature = heard.headers["X-Quartermaster-Signature"]
    moment, version = (part.partition("=")[2] for part in signature.split(","))
    wanted = hmac.new(SECRET.encode(), f"{moment}.".encode() + heard.body, hashlib.sha256)
    assert signature.startswith("t=1000000000,v1=")
    assert hmac.compare_digest(version, wanted.hexdigest())
    assert heard.headers["X-Quartermaster-Delivery"] == "7"


def test_the_body_describes_the_run(receiver: Receiver) -> None:
    send_webhook(POSTER, Message(7, "ops", RUN), receiver.url, None)
    [heard] = receiver.heard
    run = json.loads(heard.body)["run"]
    assert (run["id"], run["state"], run["results"]) == (12, "failed", {"ok": 2, "failed": 1})
    assert run["ended_at"] == "2026-01-01T00:01:30Z"
    assert run["link"] == "https://qm.example/api/v1/runs/12"
    assert "X-Quartermaster-Signature" not in heard.headers

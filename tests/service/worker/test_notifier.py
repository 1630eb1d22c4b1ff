# SPDX-License-Identifier: Apache-2.0
"""The worker sends what is in the outbox, beside the runs, and logs no secret."""

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from inventory_service.core.database.engine import Database
from inventory_service.logs import set_up_logs
from inventory_service.notifications.domain.destinations import Allowance
from inventory_service.notifications.models.deliveries import Delivery
from inventory_service.notifications.senders.addresses import Addresses
from inventory_service.notifications.usecases.deliveries import fill_outbox, take_deliveries
from inventory_service.settings import Settings
from inventory_service.worker.notifier import Notifier
from tests.service.notifications.conftest import Receiver, receiver, settings
from tests.service.notifications.ended_runs import Fleet

__all__ = ["receiver", "settings"]

SECRET = "sentinel-of-a-secret"


@pytest.fixture
def fleet(store: Database, settings: Settings) -> Fleet:
    return Fleet(store, settings)


def list_all(fleet: Fleet) -> list[dict[str, Any]]:
    with fleet.store.reading() as session:
        found = session.scalars(select(Delivery).order_by(Delivery.id))
        return [one.as_dict() for one in found]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("kind", ["webhook", "slack", "mattermost"])
def test_the_end_of_a_run_is_told(fleet: Fleet, receiver: Receiver, kind: str) -> None:
    signed = {"secret": SECRET} if kind == "webhook" else {}
    fleet.notify("ops", receiver.url, kind=kind, **signed)
    run_id = fleet.end(fleet.order("site"))
    notifier = Notifier(fleet.store, fleet.settings)
    assert notifier.turn() == 1
    assert notifier.turn() == 0
    [heard] = receiver.heard
    assert heard.path == "/services/sentinel-path"
    [delivery] = list_all(fleet)
    assert (delivery["state"], delivery["answer_code"]) == ("delivered", 200)
    if kind == "webhook":
        moment, _, signature = heard.headers["X-Quartermaster-Signature"][2:].partition(",v1=")
        wanted = hmac.new(SECRET.encode(), f"{moment}.".encode() + heard.body, hashlib.sha256)
        assert signature == wanted.hexdigest()
        assert json.loads(heard.body)["run"]["id"] == run_id
    else:
        assert f"Run {run_id} of site" in json.loads(heard.body)["text"]


def test_a_mail_needs_a_mail_server(fleet: Fleet) -> None:
    fleet.notify("ops", None, kind="mail", recipients=["ada@example.org"])
    fleet.end(fleet.order())
    Notifier(fleet.store, fleet.settings).turn()
    [delivery] = list_all(fleet)
    assert (delivery["state"], delivery["attempts"]) == ("pending", 1)
    assert "QM_SMTP_URL" in delivery["last_error"]


def test_an_idle_notifier_takes_no_write_lock(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.end(fleet.order())
    fleet.notify("ops", "https://hook.example/")

    def refuse() -> None:
        raise AssertionError("it writes")

    monkeypatch.setattr(fleet.store, "writing", refuse)
    assert Notifier(fleet.store, fleet.settings).turn() == 0


def test_a_name_that_is_rebound_is_refused_when_the_message_is_sent(
    fleet: Fleet, receiver: Receiver
) -> None:
    fleet.notify("ops", f"http://hook.example:{receiver.port}/sentinel")
    fleet.end(fleet.order())
    allowance = Allowance.parse("127.0.0.0/8")
    rebound = Addresses(allowance, lambda _host, _port: ["127.0.0.1", "169.254.169.254"])
    Notifier(fleet.store, fleet.settings, addresses=rebound).turn()
    [delivery] = list_all(fleet)
    assert delivery["state"] == "pending"
    assert "never" in delivery["last_error"]
    assert receiver.heard == []


def test_a_failure_says_why_and_logs_no_secret(fleet: Fleet, receiver: Receiver) -> None:
    receiver.status, receiver.body = 500, b"sentinel-answer"
    fleet.notify("ops", receiver.url, secret=SECRET)
    fleet.notify("gone", "http://127.0.0.1:1/sentinel")
    fleet.end(fleet.order())
    # Other tests have left their own level.
    set_up_logs("info")
    with capture_logs() as logs:
        Notifier(fleet.store, fleet.settings).turn()
    found = {one["notification"]: one for one in list_all(fleet)}
    assert found["ops"]["last_error"] == "http://127.0.0.1 answers with 500: a refusal"
    assert found["gone"]["last_error"] == "http://127.0.0.1: the connection was refused"
    assert [one["event"] for one in logs] == ["notification not sent"] * 2
    assert "sentinel" not in repr(logs) + repr(found)


def test_a_fault_of_a_sender_is_recorded_without_its_words(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_words: object) -> None:
        raise RuntimeError("sentinel")

    monkeypatch.setattr("inventory_service.worker.notifier.send_webhook", fail)
    fleet.notify("ops", "https://hook.example/")
    fleet.end(fleet.order())
    Notifier(fleet.store, fleet.settings).turn()
    [delivery] = list_all(fleet)
    assert delivery["last_error"] == "a fault of the worker: RuntimeError"


def test_it_works_in_a_thread_until_it_is_stopped(fleet: Fleet, receiver: Receiver) -> None:
    fleet.notify("ops", receiver.url)
    notifier = Notifier(fleet.store, fleet.settings)
    notifier.start()
    fleet.end(fleet.order())
    wait_for(lambda: receiver.heard)
    notifier.stop()
    assert "notifier" not in {thread.name for thread in threading.enumerate()}


def test_a_receiver_that_is_silent_holds_up_nothing(fleet: Fleet) -> None:
    """No transaction is open meanwhile: runs are ordered, and end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fleet.notify("ops", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        fleet.end(fleet.order())
        notifier = Notifier(fleet.store, fleet.settings)
        notifier.start()
        peer, _ = silent.accept()
        # Whoever comes next is refused at once.
        silent.close()
        assert peer.recv(65_536)
        run_id = fleet.end(fleet.order())
        [delivery] = list_all(fleet)
        assert (delivery["state"], delivery["attempts"]) == ("pending", 1)
        peer.close()
        wait_for(lambda: [one["last_error"] is None for one in list_all(fleet)] == [False, False])
        notifier.stop()
    assert [one["run_id"] for one in list_all(fleet)][1:] == [run_id]


_DIES = """
import os, signal, sys
from inventory_service.settings import Settings
from inventory_service.database import open_database
from inventory_service.worker import notifier
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
notifier.send_webhook = die
settings = Settings()
notifier.Notifier(open_database(settings), settings).turn()
"""


def test_a_worker_that_is_killed_before_it_sends_loses_nothing_and_doubles_nothing(
    fleet: Fleet, receiver: Receiver
) -> None:
    fleet.notify("ops", receiver.url)
    run_id = fleet.end(fleet.order())
    variables = {
        "QM_DATABASE_URL": fleet.settings.database_url,
        "QM_SECRET_KEY_FILE": str(fleet.settings.secret_key_path),
    }
    root = Path(__file__).parents[3]
    dead = subprocess.run(
        [sys.executable, "-c", _DIES], env={**os.environ, **variables}, cwd=root, check=False
    )
    assert dead.returncode == -signal.SIGKILL
    [delivery] = list_all(fleet)
    assert (delivery["run_id"], delivery["state"], delivery["attempts"]) == (run_id, "pending", 1)
    notifier = Notifier(fleet.store, fleet.settings)
    # Nobody else sends it while the dead one could still be at it.
    assert notifier.turn() == 0
    with fleet.store.writing() as session:
        session.get_one(Delivery, delivery["id"]).due_at = delivery["created_at"]
    assert notifier.turn() == 1
    assert notifier.turn() == 0
    assert len(receiver.heard) == 1
    assert receiver.heard[0].headers["X-Quartermaster-Delivery"] == str(delivery["id"])


def test_workers_share_the_outbox(fleet: Fleet) -> None:
    fleet.notify("ops", "https://hook.example/")
    fleet.end(fleet.order())
    with fleet.store.writing() as session:
        assert fill_outbox(session) == 1
    takes = []
    for _ in range(2):
        with fleet.store.writing() as session:
            takes += take_deliveries(session, fleet.vault, link_url="", limit=4)
    assert len(takes) == 1

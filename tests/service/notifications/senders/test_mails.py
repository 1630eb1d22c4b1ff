# SPDX-License-Identifier: Apache-2.0
"""Mails go to a mail server, whose words are not repeated, and no password goes in clear."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from inventory_service.notifications.domain.messages import Message
from inventory_service.notifications.senders.mails import send_mail
from tests.service.notifications.domain.test_messages import RUN

MESSAGE = Message(7, "ops", RUN)
SENDER = "qm@example.org"
PEOPLE = ["ada@example.org", "bob@example.org"]


@contextlib.contextmanager
def mail_server(*, refused: bytes = b"") -> Iterator[tuple[int, list[str]]]:
    """Run what speaks as much of RFC 5321 as a client needs; it refuses what begins so."""
    heard: list[str] = []

    def serve() -> None:
        peer, _ = server.accept()
        with peer, peer.makefile("rwb", buffering=0) as lines:
            lines.write(b"220 here\r\n")
            is_text = False
            for line in lines:
                heard.append(line.decode().rstrip())
                if is_text and line != b".\r\n":
                    continue
                is_text = line.upper().startswith(b"DATA")
                if refused and line.upper().startswith(refused):
                    lines.write(b"550 sentinel words\r\n")
                    is_text = False
                elif is_text:
                    lines.write(b"354 go on\r\n")
                elif line.upper().startswith(b"QUIT"):
                    lines.write(b"221 bye\r\n")
                    return
                else:
                    lines.write(b"250 ok\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join()


def test_all_recipients_get_the_mail() -> None:
    with mail_server() as (port, heard):
        outcome = send_mail(f"smtp://127.0.0.1:{port}", SENDER, MESSAGE, PEOPLE)
    assert (outcome.answer_code, outcome.error) == (250, None)
    assert [line for line in heard if line.lower().startswith("rcpt")] == [
        f"rcpt TO:<{person}>" for person in PEOPLE
    ]
    assert "Subject: Run 12 of site (check): failed" in heard
    assert "https://qm.example/api/v1/runs/12" in heard


@pytest.mark.parametrize("refused", [b"DATA", b"RCPT", b"MAIL"])
def test_a_refusal_is_reported_without_its_words(refused: bytes) -> None:
    with mail_server(refused=refused) as (port, _):
        outcome = send_mail(f"smtp://127.0.0.1:{port}", SENDER, MESSAGE, PEOPLE)
    assert outcome.error
    assert "sentinel" not in outcome.error


def test_a_password_never_goes_in_clear() -> None:
    with mail_server() as (port, heard):
        url = f"smtp://qm:sentinel@127.0.0.1:{port}"
        outcome = send_mail(url, SENDER, MESSAGE, PEOPLE)
    assert outcome.error
    assert "sentinel" not in outcome.error
    assert not [line for line in heard if line.upper().startswith(("AUTH", "MAIL"))]


@pytest.mark.parametrize(
    ("url", "sender"), [("", SENDER), ("smtp://127.0.0.1:1", ""), ("smtp://127.0.0.1:1", SENDER)]
)
def test_without_a_mail_server_nothing_is_sent(url: str, sender: str) -> None:
    assert send_mail(url, sender, MESSAGE, PEOPLE).error

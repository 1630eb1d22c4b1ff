# SPDX-License-Identifier: Apache-2.0
"""The head of an answer lets a connection go on where it can, and refusals are problems too."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import structlog
from waitress.adjustments import Adjustments  # type: ignore[import-untyped] # ships no types
from waitress.utilities import RequestEntityTooLarge  # type: ignore[import-untyped] # as above

from inventory_service.server.requests import Request
from inventory_service.server.responses import (
    ApplicationTask,
    RefusalTask,
    RequestTimeout,
    ServiceUnavailable,
    refuse,
)


@dataclass
class Channel:
    """A connection that keeps what is written to it."""

    is_stopping: bool = False
    addr: tuple[str, int] = ("192.0.2.7", 40_000)
    written: bytes = b""
    adj: Adjustments = field(default_factory=Adjustments)

    @property
    def server(self) -> SimpleNamespace:
        return SimpleNamespace(accepting=not self.is_stopping, adj=self.adj)

    def write_soon(self, data: bytes) -> None:
        self.written += data


def receive(lines: str) -> Request:
    request = Request(Adjustments())
    request.received(lines.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    return request


@pytest.mark.parametrize(
    ("head", "status", "is_stopping", "stays_open"),
    [
        ("GET / HTTP/1.1\nHost: a", "200 OK", False, True),
        # Answers without a body need no length to end, unlike waitress thinks.
        ("GET / HTTP/1.1\nHost: a", "304 Not Modified", False, True),
        ("POST / HTTP/1.1\nHost: a", "204 No Content", False, True),
        ("GET / HTTP/1.1\nHost: a\nConnection: close", "200 OK", False, False),
        ("GET / HTTP/1.1\nHost: a\nConnection: Close", "304 Not Modified", False, False),
        ("GET / HTTP/1.0", "200 OK", False, False),
        ("GET / HTTP/1.0", "304 Not Modified", False, False),
        ("GET / HTTP/1.1\nHost: a", "200 OK", True, False),
        ("GET / HTTP/1.1\nHost: a", "304 Not Modified", True, False),
    ],
)
def test_a_connection_goes_on_where_the_client_and_the_process_do(
    head: str, status: str, *, is_stopping: bool, stays_open: bool
) -> None:
    task = ApplicationTask(Channel(is_stopping), receive(head))
    task.status, task.content_length = status, 0 if status != "200 OK" else 2
    written = task.build_response_header().lower()
    assert task.close_on_finish is not stays_open
    assert (b"connection: close" in written) is not stays_open
    assert b"transfer-encoding" not in written


def test_an_answer_that_ends_too_early_still_ends_the_connection() -> None:
    task = ApplicationTask(Channel(), receive("GET / HTTP/1.1\nHost: a"))
    task.status = "304 Not Modified"
    task.build_response_header()
    task.set_close_on_finish()
    assert task.close_on_finish


@pytest.mark.parametrize(
    ("error", "status", "type_"),
    [
        (RequestTimeout("too late"), 408, "RequestTimeout"),
        (ServiceUnavailable("too much"), 503, "ServiceUnavailable"),
    ],
)
def test_a_refusal_is_a_problem_document_and_ends_the_connection(
    error: RequestTimeout | ServiceUnavailable, status: int, type_: str
) -> None:
    channel, request = Channel(), receive("GET / HTTP/1.1\nHost: a")
    request.error = error
    task = RefusalTask(channel, request)
    structlog.contextvars.bind_contextvars(actor="of the request before")
    task.service()
    head, _, body = channel.written.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/problem+json" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body) == {
        "type": f"urn:quartermaster:problem:{type_}",
        "title": error.reason,
        "status": status,
        "detail": str(error.body),
    }
    assert task.close_on_finish
    assert structlog.contextvars.get_contextvars() == {}


def test_the_application_refuses_a_body_that_is_too_large_by_its_head() -> None:
    request = receive("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked")
    request.error, request.body_bytes_received = RequestEntityTooLarge("too large"), 9_000_000
    task = refuse(Channel(), request)
    assert isinstance(task, ApplicationTask)
    assert request.headers["CONTENT_LENGTH"] == "9000000"
    assert request.headers["CONNECTION"] == "close"


def test_the_application_never_sees_a_malformed_request() -> None:
    request = receive("GET / HTTP/1.1")
    assert isinstance(refuse(Channel(), request), RefusalTask)

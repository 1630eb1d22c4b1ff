# SPDX-License-Identifier: Apache-2.0
"""A malformed request is refused however its bytes arrive, and before memory is spent on it."""

import pytest
from waitress.adjustments import Adjustments  # type: ignore[import-untyped] # ships no types

from inventory_service.server.requests import Request

CHUNKED = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
MOST = 8192


def receive(data: bytes, *, size: int) -> Request:
    """Return the request that comes of the data, which arrives so many bytes at a time."""
    request = Request(Adjustments())
    while data and not request.completed:
        consumed = request.received(data[:size])
        data = data[consumed:]
    return request


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: a", None),
        (b"GET / HTTP/1.0", None),
        (b"GET / HTTP/1.0\r\nHost: a", None),
        (b"GET / HTTP/1.1", "exactly one Host"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b", "exactly one Host"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a", "exactly one Host"),
        (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b", "exactly one Host"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000, "more digits"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1", "Content-Length"),
    ],
)
def test_heads(head: bytes, reason: str | None, size: int) -> None:
    request = receive(head + b"\r\n\r\n", size=size)
    assert request.completed
    assert (request.error is None) is (reason is None)
    assert (reason or "") in str(getattr(request.error, "body", ""))


@pytest.mark.parametrize("size", [1, 1000, 65_536])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", None),
        (b"3;" + b"x" * (MOST - 3) + b"\r\nabc\r\n0\r\n\r\n", None),
        (b"3;" + b"x" * (MOST - 1), "chunk line or trailer"),
        (b"0\r\nX: " + b"x" * MOST, "chunk line or trailer"),
    ],
)
def test_chunk_lines_have_a_bound(body: bytes, reason: str | None, size: int) -> None:
    request = receive(CHUNKED + body, size=size)
    assert request.completed
    assert (request.error is None) is (reason is None)
    assert (reason or "") in str(getattr(request.error, "body", ""))


POST = b"POST /x HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize("size", [1, 65_536])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        # Blanks around a value are no part of it (RFC 9110, section 5.5).
        (POST + b"Content-Length:  2\r\n\r\n{}", None),
        (POST + b"Content-Length: 2 \r\n\r\n{}", None),
        (POST + b"Content-Length:\t2\r\n\r\n{}", None),
        (POST + b"Content-Length: +2\r\n\r\n{}", "Content-Length"),
        (POST + b"Content-Length: 2_0\r\n\r\n{}", "Content-Length"),
        (POST + b"Content-Length: 0x2\r\n\r\n{}", "Content-Length"),
        (POST + b"Content-Length: \xb2\r\n\r\n{}", "Content-Length"),
        (POST + b"Content-Length: \r\n\r\n{}", "Content-Length"),
        (POST + b"Content-Length: 2, 2\r\n\r\n{}", "Content-Length"),
        (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "Content-Length"),
        (POST + b"Content-Length : 2\r\n\r\n{}", "header"),
        (b"POST /x HTTP/1.1\r\nHost: a\nContent-Length: 2\r\n\r\n{}", "Bare CR or LF"),
        (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "exclude each other"),
        (CHUNKED + b"2;a=b\r\n{}\r\n0\r\n\r\n", None),
        (CHUNKED + b'2;a="b"\r\n{}\r\n0\r\n\r\n', None),
        (CHUNKED + b"2;a=b\n{}\r\n0\r\n\r\n", "chunk extension"),
        (CHUNKED + b" 2\r\n{}\r\n0\r\n\r\n", "chunk size"),
        (CHUNKED + b"2 \r\n{}\r\n0\r\n\r\n", "chunk size"),
        (CHUNKED + b"2\r\n{}0\r\n\r\n", "properly terminated"),
        (CHUNKED + b"2\r\n{}\r\n0\r\nX-A: b\r\n\r\n", None),
    ],
)
def test_there_is_one_opinion_on_where_a_body_ends(
    data: bytes, reason: str | None, size: int
) -> None:
    request = receive(data, size=size)
    assert request.completed
    assert (reason or "") in str(getattr(request.error, "body", ""))
    assert (request.error is None) is (reason is None)
    if reason is None:
        assert request.get_body_stream().read() == b"{}"


@pytest.mark.parametrize("size", [1, 65_536])
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Transfer-Encoding: chunked", None),
        (b"transfer-encoding:\tChunked ", None),
        (b"Transfer-Encoding:\r\n chunked", None),
        (b"Transfer-Encoding: chunked, chunked", 400),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        (b"Transfer-Encoding: chunked,\r\n chunked", 400),
        (b"Transfer-Encoding: gzip, chunked", 501),
        (b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501),
        (b"Transfer-Encoding: identity, chunked", 501),
        (b"Transfer-Encoding: gzip, chunked, chunked", 400),
        # Without chunked at the end, nobody can know where the body ends.
        (b"Transfer-Encoding: chunked, gzip", 400),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", 400),
        (b"Transfer-Encoding: identity", 400),
        (b"Transfer-Encoding: gzip", 400),
        (b"Transfer-Encoding: chunked;a=b", 400),
        (b"Transfer-Encoding: \x0bchunked", 400),
        # Readers differ in what an empty element of a list is.
        (b"Transfer-Encoding: ", 400),
        (b"Transfer-Encoding: ,", 400),
        (b"Transfer-Encoding: chunked,", 400),
        (b"Transfer-Encoding: , chunked", 400),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: ", 400),
    ],
)
def test_a_body_has_one_transfer_coding_and_it_is_chunked(
    fields: bytes, status: int | None, size: int
) -> None:
    request = receive(POST + fields + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n", size=size)
    assert request.completed
    assert getattr(request.error, "code", None) == status
    if status is None:
        assert request.get_body_stream().read() == b"{}"


@pytest.mark.parametrize("version", [b" HTTP/1.0", b" HTTP/1.2", b" HTTP/2.0", b""])
def test_only_requests_of_http_1_1_have_a_transfer_coding(version: bytes) -> None:
    head = b"POST /x" + version + b"\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    request = receive(head, size=65_536)
    assert request.error is not None
    assert "needs HTTP/1.1" in request.error.body


@pytest.mark.parametrize("name", [b"Authorization", b"Content-Length", b"Host"])
def test_a_trailer_changes_no_header(name: bytes) -> None:
    request = receive(CHUNKED + b"2\r\n{}\r\n0\r\n" + name + b": 9\r\n\r\n", size=65_536)
    assert request.error is None
    assert request.headers == {"HOST": "a", "CONTENT_LENGTH": "2"}


@pytest.mark.parametrize("data", [b"POST /x HTTP/1.1\nHost: a\n\n", CHUNKED + b"2\n{}\n0\n\n"])
def test_a_line_that_ends_with_lf_alone_has_not_ended(data: bytes) -> None:
    assert not receive(data, size=65_536).completed


@pytest.mark.parametrize("size", [1, 65_536])
def test_a_client_of_https_is_refused_at_its_first_byte(size: int) -> None:
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    request = Request(Adjustments())
    consumed = request.received(hello[:size])
    assert (consumed, request.completed) == (len(hello[:size]), True)
    assert "not HTTPS" in str(request.error.body)


def test_a_refused_head_has_a_command_and_a_path_that_can_be_logged() -> None:
    request = receive(b"nonsense\r\n\r\n", size=100)
    assert request.error is not None
    assert (request.command, request.path) == ("GET", "")


@pytest.mark.parametrize(
    ("length", "is_awaited"), [(b"4", True), (b"0", False), (b"1073741824", False)]
)
def test_a_client_is_asked_to_go_on_only_for_a_body_that_is_wanted(
    length: bytes, *, is_awaited: bool
) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
    request = receive(head + length + b"\r\n\r\n", size=65_536)
    assert bool(request.expect_continue) is is_awaited


def test_what_follows_a_request_belongs_to_the_next_one() -> None:
    first = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
    request = Request(Adjustments())
    assert request.received(first + b"GET /2 HTTP/1.1\r\n") == len(first)
    assert (request.completed, request.path) == (True, "/1")

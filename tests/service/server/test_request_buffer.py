# SPDX-License-Identifier: Apache-2.0
"""The end of a request is found wherever its pieces are cut."""

from http import HTTPStatus

import pytest

from inventory_service.server.request_buffer import MOST_HEAD_BYTES, Arrival

MOST = 1000
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
#: What a head is closed with where the rest of the body is not waited for.
CLOSE = b"\r\nConnection: close\r\n\r\n"


def arrive(*pieces: bytes) -> Arrival:
    arrival = Arrival(MOST)
    for piece in pieces:
        arrival.add(piece)
    return arrival


@pytest.mark.parametrize(
    "request_",
    [
        GET,
        POST + b"Content-Length: 5\r\n\r\nhello",
        POST + b"content-LENGTH :  0  \r\n\r\n",
        CHUNKED + b"0\r\n\r\n",
        CHUNKED + b"5;name=value\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
        CHUNKED + b"2\r\n\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n",
        # The length does not count where the coding is chunked.
        POST + b"Content-Length: 900\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        POST + b"Content-Length: %d\r\n\r\n" % MOST + b"x" * MOST,
    ],
)
def test_a_request_is_begun_with_its_last_byte(request_: bytes) -> None:
    arrival = Arrival(MOST)
    for place in range(len(request_)):
        assert not arrival.is_ready, request_[:place]
        arrival.add(request_[place : place + 1])
    assert arrival.is_ready
    assert arrival.refusal is None
    assert arrival.take() == request_
    assert arrive(request_).is_ready


def test_what_follows_a_request_is_kept_with_it() -> None:
    assert arrive(GET).is_alone
    assert not arrive(GET + GET).is_alone
    assert arrive(GET + GET).take() == GET + GET
    assert arrive(b"\r\n\r\n" + GET).take() == GET


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 1001",
        b"Content-Length: 999999999999999999\r\nConnection: keep-alive",
    ],
)
def test_a_body_that_is_too_large_is_not_waited_for(head: bytes) -> None:
    arrival = arrive(POST + head + b"\r\n\r\n", b"begun")
    assert arrival.is_ready
    kept = head.removesuffix(b"\r\nConnection: keep-alive")
    assert arrival.take() == POST + kept + CLOSE + b"begun"


def test_chunks_are_too_much_when_that_much_has_come_and_not_when_it_is_announced() -> None:
    arrival = arrive(CHUNKED + b"FFFFFFFF\r\n" + b"x" * MOST)
    assert not arrival.is_ready
    arrival.add(b"x")
    assert arrival.is_ready
    assert arrival.take().startswith(CHUNKED.removesuffix(b"\r\n\r\n") + CLOSE)


@pytest.mark.parametrize(
    "head", [b"Content-Length: -1", b"Content-Length: 1, 1", b"Content-Length: 0x10"]
)
def test_what_is_malformed_is_begun_with_at_once_and_refused_by_the_server(head: bytes) -> None:
    assert arrive(POST + head + b"\r\n\r\n").is_ready
    assert arrive(CHUNKED + b"no number\r\n").is_ready


def test_a_head_without_an_end_and_chunks_of_nothing_are_refused() -> None:
    head = arrive(b"GET / HTTP/1.1\r\nX: " + b"x" * MOST_HEAD_BYTES)
    assert not head.is_ready
    assert head.refusal is HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    chunks = arrive(CHUNKED + b"1;" + b"x" * 4 * MOST_HEAD_BYTES)
    assert not chunks.is_ready
    assert chunks.refusal is HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_who_waits_for_leave_to_send_a_body_is_seen_and_not_given_it_twice() -> None:
    arrival = arrive(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert arrival.wants_leave
    assert not arrival.is_ready
    arrival.add(b"{}")
    assert arrival.take() == POST + b"Content-Length: 2\r\n\r\n{}"

# SPDX-License-Identifier: Apache-2.0
"""Clients that send nothing, too slowly, or what is no HTTP: others are served meanwhile.

Each attack is one that once stopped a service of this kind. It is kept up while a good client asks;
none of the answers may fail or wait for the attack to end.
"""

import contextlib
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.service.process import Process, wait_until

THREADS = 4
#: A busy machine is slow, but nobody waits here for the end of an attack.
PROMPT_S = 10
MANY, SEVERAL = 200, 16
JSON = b"Content-Type: application/json\r\n"
BUNDLE = b"GET /api/v1/swagger/js/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(
        tmp_path_factory.mktemp("attacks"), QM_THREADS=str(THREADS), QM_MAX_CONNECTIONS="500"
    )
    process.start()
    yield process
    process.kill()


class Attacker:
    """Connections that are kept open, and the bytes that go on being sent on them."""

    def __init__(self, process: Process) -> None:
        host, port = process.url.removeprefix("http://").split(":")
        self._address = host, int(port)
        self.head = f"Host: a\r\nAuthorization: Bearer {process.token}\r\n".encode()
        self._sockets: list[socket.socket] = []
        self._over = threading.Event()
        self._dripping = threading.Thread(target=self._drip)
        self._drop = b""

    def open(self, data: bytes = b"", *, buffer: int | None = None) -> socket.socket:
        """Open a connection and send something."""
        connection = socket.socket()
        if buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(60)
        connection.connect(self._address)
        connection.sendall(data)
        self._sockets.append(connection)
        return connection

    def drip(self, drop: bytes) -> None:
        """Go on sending a byte on each connection, again and again."""
        self._drop = drop
        self._dripping.start()

    def _drip(self) -> None:
        while not self._over.wait(0.5):
            for connection in self._sockets:
                with contextlib.suppress(OSError):
                    connection.send(self._drop)

    def close(self) -> None:
        self._over.set()
        if self._dripping.is_alive():
            self._dripping.join()
        for connection in self._sockets:
            connection.close()


@pytest.fixture
def attacker(process: Process) -> Iterator[Attacker]:
    attacker = Attacker(process)
    yield attacker
    attacker.close()


def slow_heads(attacker: Attacker) -> None:
    for _ in range(MANY):
        attacker.open(b"GET /health/live HTTP/1.1\r\nX: ")
    attacker.drip(b"x")


def slow_bodies_of_strangers(attacker: Attacker) -> None:
    for _ in range(MANY):
        attacker.open(
            b"POST /api/v1/nodes HTTP/1.1\r\nHost: a\r\n" + JSON + b"Content-Length: 9000\r\n\r\n{"
        )
    attacker.drip(b" ")


def slow_bodies_with_a_token(attacker: Attacker) -> None:
    head = b"POST /api/v1/nodes HTTP/1.1\r\n" + attacker.head + JSON
    for _ in range(MANY):
        attacker.open(head + b"Content-Length: 9000\r\n\r\n{")
    attacker.drip(b" ")


def slow_chunks_with_a_token(attacker: Attacker) -> None:
    head = b"POST /api/v1/nodes HTTP/1.1\r\n" + attacker.head + JSON
    for _ in range(MANY):
        attacker.open(head + b"Transfer-Encoding: chunked\r\n\r\n2328\r\n{")
    attacker.drip(b" ")


def idle_connections(attacker: Attacker) -> None:
    for _ in range(MANY):
        attacker.open()


def lengths_of_many_digits(attacker: Attacker) -> None:
    length = b"Content-Length: 0000000000000000000100\r\n\r\n"
    for _ in range(SEVERAL):
        attacker.open(b"POST /api/v1/nodes HTTP/1.1\r\n" + attacker.head + JSON + length)
        attacker.open(b"POST /api/v1/nodes HTTP/1.1\r\nHost: a\r\n" + JSON + length)


def chunk_sizes_of_many_digits(attacker: Attacker) -> None:
    chunk = b"Transfer-Encoding: chunked\r\n\r\n00000000000000005\r\n\r\n\r\n"
    for _ in range(SEVERAL):
        attacker.open(b"POST /api/v1/nodes HTTP/1.1\r\n" + attacker.head + JSON + chunk)
        attacker.open(b"POST /api/v1/nodes HTTP/1.1\r\nHost: a\r\n" + JSON + chunk)


def slow_readers(attacker: Attacker) -> None:
    for _ in range(SEVERAL):
        attacker.open(BUNDLE * 3, buffer=1024)


def a_chunk_line_without_an_end(attacker: Attacker) -> None:
    for _ in range(SEVERAL):
        attacker.open(b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;")
    attacker.drip(b"\r" * 1000)


def chunks_of_one_byte(attacker: Attacker) -> None:
    head = b"POST /api/v1/inventory HTTP/1.1\r\n" + attacker.head + JSON
    for _ in range(2):
        attacker.open(head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 50_000)


ATTACKS: list[Callable[[Attacker], None]] = [
    slow_heads,
    slow_bodies_of_strangers,
    slow_bodies_with_a_token,
    slow_chunks_with_a_token,
    idle_connections,
    lengths_of_many_digits,
    chunk_sizes_of_many_digits,
    slow_readers,
    a_chunk_line_without_an_end,
    chunks_of_one_byte,
]


def ask(process: Process, path: str) -> float:
    """Return how long a good client on a connection of its own waits for an answer."""
    begun = time.monotonic()
    headers = {"Authorization": f"Bearer {process.token}"}
    assert requests.get(process.url + path, headers=headers, timeout=60).status_code == 200
    return time.monotonic() - begun


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_others_are_served_during_an_attack(
    process: Process, attacker: Attacker, attack: Callable[[Attacker], None]
) -> None:
    attack(attacker)
    for _ in range(10):
        assert ask(process, "/health/live") < PROMPT_S
        assert ask(process, "/api/v1/status") < PROMPT_S


def test_more_connections_than_there_may_be_make_room(tmp_path: Path) -> None:
    process = Process(tmp_path, QM_MAX_CONNECTIONS="50")
    process.start()
    attacker = Attacker(process)
    try:
        for _ in range(200):
            attacker.open()
        for _ in range(10):
            assert ask(process, "/health/live") < PROMPT_S
    finally:
        attacker.close()
        process.kill()


def test_more_connections_than_files_may_be_open_by_default_stop_nobody(tmp_path: Path) -> None:
    few = ("prlimit", "--nofile=128:4096", "--")
    process = Process(tmp_path, prefix=few, QM_IDLE_TIMEOUT_S="120")
    process.start()
    attacker = Attacker(process)
    try:
        for _ in range(MANY):
            attacker.open()
        assert ask(process, "/api/v1/status") < PROMPT_S
    finally:
        attacker.close()
        process.kill()


def test_fewer_connections_are_kept_where_no_more_files_may_be_open(tmp_path: Path) -> None:
    few = ("prlimit", "--nofile=256:256", "--")
    process = Process(tmp_path, prefix=few, QM_IDLE_TIMEOUT_S="120")
    process.start()
    attacker = Attacker(process)
    try:
        for _ in range(300):
            attacker.open()
        # Some of them at a time make room, long before they have been idle for too long.
        assert ask(process, "/api/v1/status") < 60
        (warning,) = process.logged("too few open files are allowed")
        assert warning["allowed"] == 256
    finally:
        attacker.close()
        process.kill()


#: Bodies in chunks that RFC 9112 does not allow.
CHUNKS = [
    b"0x2\r\n{}\r\n0\r\n\r\n",
    b"+2\r\n{}\r\n0\r\n\r\n",
    b"-1\r\n{}\r\n0\r\n\r\n",
    b"2_0\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}0\r\n\r\n",
    b"zz\r\n{}\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("chunks", CHUNKS)
def test_malformed_chunks_are_a_bad_request(
    process: Process, attacker: Attacker, chunks: bytes
) -> None:
    head = b"POST /api/v1/heartbeats HTTP/1.1\r\n" + attacker.head + JSON
    answer = read_answer(attacker.open(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert ask(process, "/health/live") < PROMPT_S


#: A request whose body a proxy could end elsewhere, so that what follows would be a request.
SMUGGLED = (
    b"POST /api/v1/heartbeats HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %s\r\n\r\n"
    b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /health/live HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET /health/live HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", b"431"),
        (b"GARBAGE\r\n\r\n", b"400"),
        (SMUGGLED % b"chunked, chunked", b"400"),
        (SMUGGLED % b"gzip, chunked", b"501"),
    ],
    ids=["no Host", "two Hosts", "large head", "no HTTP", "chunked twice", "coding before chunked"],
)
def test_what_is_no_request_is_refused_with_a_problem_document(
    attacker: Attacker, request_line: bytes, status: bytes
) -> None:
    answer = read_answer(attacker.open(request_line))
    assert answer.split(b" ", 2)[1] == status
    assert b"application/problem+json" in answer
    assert answer.count(b"Content-Length: ") == 1


def test_a_refusal_is_logged_for_no_other_request(process: Process, attacker: Attacker) -> None:
    for _ in range(2 * THREADS):
        ask(process, "/api/v1/status")
        read_answer(attacker.open(b"GARBAGE\r\n\r\n"))
    refused = process.logged("request refused", reason="Start line is invalid")
    assert len(refused) >= 2 * THREADS
    assert not [record for record in refused if "request_id" in record]


def test_headers_of_a_proxy_are_not_believed(process: Process) -> None:
    headers = {"SCRIPT_NAME": "/x", "X-Forwarded-Prefix": "/x", "X-Forwarded-Proto": "https"}
    answer = requests.get(f"{process.url}/health/live", headers=headers, timeout=30)
    assert answer.status_code == 200
    assert (
        requests.get(f"{process.url}/x/health/live", headers=headers, timeout=30).status_code == 404
    )


def test_writers_that_wait_hold_up_neither_probes_nor_readers(tmp_path: Path) -> None:
    """More changes wait for the database than there are threads."""
    process = Process(tmp_path, QM_THREADS=str(THREADS), QM_LOCK_TIMEOUT_S="60")
    process.start()
    statuses: list[int] = []
    lock = sqlite3.connect(tmp_path / "fleet.sqlite", isolation_level=None)

    def change(number: int) -> None:
        answer = process.make_session().post(
            f"{process.url}/api/v1/projects", json={"project": f"p{number}"}, timeout=120
        )
        statuses.append(answer.status_code)

    writers = [threading.Thread(target=change, args=(number,)) for number in range(3 * THREADS)]
    try:
        with contextlib.closing(lock):
            lock.execute("BEGIN IMMEDIATE")
            for writer in writers:
                writer.start()
            for _ in range(5):
                for path in ("/health/live", "/api/v1/status", "/api/v1/nodes"):
                    assert ask(process, path) < PROMPT_S, path
            assert statuses == []
        wait_until(lambda: len(statuses) == len(writers), what="all changes", timeout_s=120)
        assert set(statuses) == {201}
    finally:
        for writer in writers:
            writer.join()
        process.kill()


def read_answer(connection: socket.socket) -> bytes:
    """Return what is answered before the connection ends."""
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            answer += data
    return answer

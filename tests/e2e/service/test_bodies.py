# SPDX-License-Identifier: Apache-2.0
"""Bodies that are huge, packed or slow: refused or waited for, while others are served.

What is sent goes byte by byte through a socket of our own: clients of HTTP would not do it.
"""

import contextlib
import gzip
import json
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.service.fleets import make_bodies, make_cluster
from tests.e2e.service.process import Process

GIBIBYTE = 1 << 30
MEBIBYTE = 1 << 20
THREADS = 4
#: Nobody waits for it but who tests it, with a service of its own.
ARRIVAL_TIMEOUT_S, SHORT_ARRIVAL_TIMEOUT_S = 60, 3
#: In what the service may grow by bodies of which it keeps none, or one of QM_MAX_BODY_BYTES.
FLAT_BYTES = 8 * MEBIBYTE
ONE_BODY_BYTES = 64 * MEBIBYTE
#: A machine that has other things to do is slow, but none of these waits for a slow client.
PROMPT_S = 10


@contextlib.contextmanager
def serving(folder: Path, *, arrival_timeout_s: int) -> Iterator[Process]:
    """Run a service with few threads, which lets requests arrive for some time."""
    settings = {"QM_THREADS": str(THREADS), "QM_ARRIVAL_TIMEOUT_S": str(arrival_timeout_s)}
    process = Process(folder, **settings)
    process.start()
    try:
        yield process
    finally:
        process.kill()


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("bodies")
    with serving(folder, arrival_timeout_s=ARRIVAL_TIMEOUT_S) as process:
        make_cluster(process)
        yield process


class Client:
    """A connection on which anything can be sent."""

    def __init__(self, process: Process) -> None:
        host, port = process.url.removeprefix("http://").split(":")
        self._token = process.token
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self._file = self.socket.makefile("rb")

    def begin(self, path: str, *heads: str) -> None:
        """Send the head of a POST."""
        lines = (
            f"POST {path} HTTP/1.1",
            "Host: fleet",
            f"Authorization: Bearer {self._token}",
            *heads,
        )
        self.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())

    def send_until_answered(self, piece: bytes, size: int) -> int:
        """Send a piece again and again; return how much was sent before there was an answer."""
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < size and not select.select([self.socket], [], [], 0)[0]:
                self.socket.sendall(piece)
                sent += len(piece)
        return sent

    def read(self) -> tuple[int, dict[str, str], bytes]:
        """Return status, heads and body of the next answer."""
        status = int(self._file.readline().split()[1])
        heads = {}
        while line := self._file.readline().strip().decode():
            name, _, value = line.partition(":")
            heads[name.lower()] = value.strip()
        return status, heads, self._file.read(int(heads.get("content-length", "0")))

    def has_ended(self) -> bool:
        """Return whether nothing more comes; waits for that."""
        return self._file.read(1) == b""

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@contextlib.contextmanager
def endless(process: Process) -> Iterator[tuple[Client, Client]]:
    """Two who end nothing: one has begun a request, one says nothing."""
    clients = Client(process), Client(process)
    clients[0].socket.sendall(b"GET / HTTP/1.1\r\n")
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


@pytest.fixture(scope="module", autouse=True)
def _endless(process: Process) -> Iterator[None]:
    """Two who stay on through all tests here."""
    with endless(process):
        yield


@pytest.fixture
def connect(process: Process) -> Iterator[Callable[[], Client]]:
    """A way to open connections, which are closed at the end."""
    opened: list[Client] = []

    def open_one() -> Client:
        opened.append(Client(process))
        return opened[-1]

    yield open_one
    for client in opened:
        client.close()


def get_memory(process: Process) -> int:
    """Return how many bytes the largest process of the service ever had in memory."""
    peaks = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            session = int(stat.read_text("utf-8").rpartition(")")[2].split()[3])
            if session == process.pid:
                status = stat.with_name("status").read_text("utf-8")
                peaks.append(int(status.split("VmHWM:")[1].split()[0]) * 1024)
    return max(peaks)


def is_prompt(process: Process) -> bool:
    """Return whether others are served meanwhile."""
    begun = time.monotonic()
    assert process.session.get(f"{process.url}/api/v1/status", timeout=60).status_code == 200
    return time.monotonic() - begun < PROMPT_S


@pytest.mark.parametrize(
    ("heads", "status"),
    [
        (("Content-Type: application/json",), 413),
        (("Content-Type: application/zip",), 415),
        (("Content-Type: application/json", "Content-Encoding: gzip"), 415),
        (("Content-Type: application/json", "Expect: 100-continue"), 413),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/registrations", "/api/v1/imports"])
def test_an_archive_of_a_gibibyte_is_refused_by_its_head(
    process: Process,
    connect: Callable[[], Client],
    path: str,
    heads: tuple[str, ...],
    status: int,
) -> None:
    before = get_memory(process)
    client = connect()
    client.begin(path, *heads, f"Content-Length: {GIBIBYTE}")
    client.send_until_answered(bytes(MEBIBYTE), GIBIBYTE)
    answered, answer_heads, body = client.read()
    assert answered == status, body
    assert answer_heads["connection"] == "close"
    assert json.loads(body)["detail"]
    assert get_memory(process) - before < FLAT_BYTES
    assert is_prompt(process)


def test_chunks_without_an_end_are_refused_when_they_are_too_much(
    process: Process, connect: Callable[[], Client]
) -> None:
    before = get_memory(process)
    for _ in range(3):
        client = connect()
        client.begin(
            "/api/v1/imports", "Content-Type: application/json", "Transfer-Encoding: chunked"
        )
        piece = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        assert client.send_until_answered(piece, GIBIBYTE) < GIBIBYTE
        status, _, body = client.read()
        assert status == 413, body
        assert "QM_MAX_BODY_BYTES" in json.loads(body)["detail"]
    assert get_memory(process) - before < ONE_BODY_BYTES
    assert is_prompt(process)


def test_a_packed_body_is_refused_and_never_unpacked(
    process: Process, connect: Callable[[], Client]
) -> None:
    before = get_memory(process)
    bomb = gzip.compress(bytes(256 * MEBIBYTE), compresslevel=9)
    assert len(bomb) < MEBIBYTE
    client = connect()
    client.begin(
        "/api/v1/imports",
        "Content-Type: application/json",
        "Content-Encoding: gzip",
        f"Content-Length: {len(bomb)}",
    )
    client.socket.sendall(bomb)
    status, _, body = client.read()
    assert status == 415
    assert "Content-Encoding" in json.loads(body)["detail"]
    assert get_memory(process) - before < FLAT_BYTES


def test_slow_clients_hold_up_nobody_and_are_served_when_they_are_done(
    process: Process, connect: Callable[[], Client]
) -> None:
    bodies = [json.dumps(one).encode() for one in make_bodies("slow", 2 * THREADS)]
    slow = []
    for body in bodies:
        client = connect()
        client.begin(
            "/api/v1/nodes", "Content-Type: application/json", f"Content-Length: {len(body)}"
        )
        client.socket.sendall(body[:-1])
        slow.append(client)
    for start in (b"", b"P", b"POST /api/v1/nodes HTTP/1.1\r\nHost: fleet\r\n"):
        for _ in range(2 * THREADS):
            connect().socket.sendall(start)
    for _ in range(3):
        assert is_prompt(process)
    for client, body in zip(slow, bodies, strict=True):
        client.socket.sendall(body[-1:])
        assert client.read()[0] == 201


def test_requests_that_come_in_one_piece_are_answered_one_after_the_other(
    connect: Callable[[], Client],
) -> None:
    client = connect()
    client.socket.sendall(b"GET /health/live HTTP/1.1\r\nHost: fleet\r\n\r\n" * 3)
    assert [client.read()[0] for _ in range(3)] == [200] * 3


@pytest.mark.parametrize("ends", [False, True])
def test_an_answer_without_a_body_ends_the_connection_only_where_that_was_asked(
    process: Process, connect: Callable[[], Client], *, ends: bool
) -> None:
    """Whoever polls with If-None-Match (304), or sends heartbeats (204), keeps one connection."""
    etag = process.session.get(f"{process.url}/api/v1/inventory", timeout=60).headers["ETag"]
    client = connect()
    last = "Connection: close" if ends else "Connection: keep-alive"
    for number in range(3):
        lines = (
            "GET /api/v1/inventory HTTP/1.1",
            "Host: fleet",
            f"Authorization: Bearer {process.token}",
            f"If-None-Match: {etag}",
            "Accept-Encoding: gzip, deflate",
            last if number == 2 else "Connection: keep-alive",
        )
        client.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        status, heads, _ = client.read()
        assert status == 304
        assert (heads.get("connection") == "close") == (ends and number == 2)
    if ends:
        assert client.has_ended()
    else:
        client.socket.sendall(b"GET /health/live HTTP/1.1\r\nHost: fleet\r\n\r\n")
        assert client.read()[0] == 200


def test_who_never_ends_a_request_is_told_so_and_let_go(tmp_path: Path) -> None:
    with (
        serving(tmp_path, arrival_timeout_s=SHORT_ARRIVAL_TIMEOUT_S) as process,
        endless(process) as (begun, silent),
    ):
        assert begun.read()[0] == 408
        assert begun.has_ended()
        assert silent.has_ended()
        assert is_prompt(process)

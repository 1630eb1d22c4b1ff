# SPDX-License-Identifier: Apache-2.0
"""A client of many connections, in a process of its own: `python -m tests.bench.load`.

It reads an `Order` as JSON from standard input and prints a `Tally`. What it costs itself is in
the tally too, so that one sees whether it was the client that could no more.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 60


@dataclass(frozen=True)
class Order:
    """What to send: each request in turn, over and over, until the time is over."""

    port: int
    requests: Sequence[str]
    connections: int
    seconds: float
    core: int | None = None


@dataclass
class Tally:
    """What came back."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    #: Milliseconds of each answer, in order of size.
    latencies_ms: list[float] = field(default_factory=list)
    #: For each request that was answered with success, by its place: when it was sent last.
    sent_at: dict[str, float] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """Return how many answers came."""
        return len(self.latencies_ms)

    @property
    def rate(self) -> float:
        """Return answers a second."""
        return self.answered / self.seconds

    def percentile(self, percent: float) -> float:
        """Return the milliseconds that so many of a hundred answers took at most."""
        place = round(len(self.latencies_ms) * percent / 100)
        return self.latencies_ms[min(place, len(self.latencies_ms) - 1)]


def make_request(method: str, path: str, token: str, body: bytes = b"", **headers: str) -> str:
    """Return a request of HTTP/1.1 as text."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]) + body.decode()


def send(order: Order) -> Tally:
    """Let another process send the requests, and return what it saw."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=json.dumps(asdict(order)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=order.seconds + _TIMEOUT_S,
    )
    return Tally(**json.loads(done.stdout))


class _Connection:
    """A connection that waits for the answer to one request."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.place = 0
        self.begun = self.sent_at = 0.0
        self._missing: int | None = None
        self._head = b""

    def ask(self, request: bytes, place: int) -> None:
        """Send a request."""
        self.place, self._missing, self._head = place, None, b""
        self.begun, self.sent_at = time.perf_counter(), time.time()
        self.socket.sendall(request)

    def read(self) -> str | None:
        """Take what has come; return the status once the answer is whole."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the service has closed a connection")
        if self._missing is None:
            head, end, rest = (self._head + data).partition(b"\r\n\r\n")
            self._head = head
            if not end:
                return None
            self._missing = _get_length(head)
            data = rest
        self._missing -= len(data)
        return self._head[9:12].decode() if self._missing <= 0 else None


def _get_length(head: bytes) -> int:
    if head[9:12] in {b"204", b"304"}:
        return 0
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


class _Run:
    """All connections of an order, each with one request on its way."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._requests = [request.encode() for request in order.requests]
        self._following = 0
        self._statuses: Counter[str] = Counter()
        self._tally = Tally()
        self._start = time.perf_counter()

    def run(self) -> Tally:
        """Return the tally when the time is over and each request is answered."""
        cpu = time.process_time()
        with selectors.DefaultSelector() as selector:
            for _ in range(self._order.connections):
                connection = _Connection(self._order.port)
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                self._ask(connection)
            while selector.get_map():
                for key, _ in selector.select(_TIMEOUT_S):
                    if not self._goes_on(key.data):
                        selector.unregister(key.fileobj)
                        key.data.socket.close()
        tally = self._tally
        tally.seconds = time.perf_counter() - self._start
        tally.cpu_seconds = time.process_time() - cpu
        tally.statuses = dict(self._statuses)
        tally.latencies_ms.sort()
        return tally

    def _ask(self, connection: _Connection) -> None:
        place = self._following % len(self._requests)
        connection.ask(self._requests[place], place)
        self._following += 1

    def _goes_on(self, connection: _Connection) -> bool:
        status = connection.read()
        if status is None:
            return True
        now = time.perf_counter()
        self._statuses[status] += 1
        self._tally.latencies_ms.append((now - connection.begun) * 1000)
        if status.startswith("2"):
            place, sent_at = str(connection.place), self._tally.sent_at
            sent_at[place] = max(sent_at.get(place, 0), connection.sent_at)
        if now - self._start >= self._order.seconds:
            return False
        self._ask(connection)
        return True


def main() -> None:
    """Do what standard input says."""
    order = Order(**json.load(sys.stdin))
    if order.core is not None:
        os.sched_setaffinity(0, {order.core})
    json.dump(asdict(_Run(order).run()), sys.stdout)


if __name__ == "__main__":
    main()

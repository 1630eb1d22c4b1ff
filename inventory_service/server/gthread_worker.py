# SPDX-License-Identifier: Apache-2.0
"""gunicorn's worker with threads, where a slow client costs a connection and not a thread.

gunicorn's own begins a thread with the first byte of a request: as many clients as there are
threads, each with the rest of a body left unsent, would stop the service. Here a thread begins when
the request is there as a whole.
"""

import contextlib
import gc
import socket
import time
from collections import deque
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped] # ships no types
from gunicorn.workers.gthread import (  # type: ignore[import-untyped] # as above
    TConn,
    ThreadWorker,
)

from inventory_service.server.request_buffer import Arrival
from inventory_service.settings import Settings

#: How long, and how much, a client may go on sending to whom the answer was given already.
_LINGER_S = 2
_LINGER_BYTES = 1024 * 1024
_PIECE_BYTES = 64 * 1024


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn ships no types
    """Waits for requests in its main thread, and has them answered by the others."""

    def __init__(self, *words: Any, **fields: Any) -> None:  # noqa: ANN401 - gunicorn's signature
        super().__init__(*words, **fields)
        self._settings: Settings = self.app.settings
        self._arrivals: dict[TConn, Arrival] = {}
        #: Those of whose requests more has to come.
        self._awaited: set[TConn] = set()
        self._held_bytes = 0
        self._lingering: dict[socket.socket, _Linger] = {}

    def load_wsgi(self) -> None:
        """Load the application, which is there to stay: nobody looks for garbage in it again."""
        super().load_wsgi()
        gc.collect()
        gc.freeze()

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's signature
        """Take connections or not; refuse them as soon as the worker is told to leave.

        gunicorn would keep the socket until the last request is done, so that whoever comes
        meanwhile waits for an answer that nobody gives, instead of trying another address.
        """
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def enqueue_req(self, conn: TConn) -> None:
        """Begin to take a request; called wherever gunicorn would give a connection to a thread."""
        conn.close = partial(self._close, conn)
        conn.init()
        conn.sock.settimeout(0)
        conn.timeout = time.monotonic() + self._settings.arrival_timeout_s
        arrival = self._arrivals[conn] = Arrival(self._settings.max_body_bytes)
        # What came behind the last request has been read already.
        self._take(conn, arrival, conn.parser.unreader.take_buffered())
        if conn in self._arrivals:
            self._receive(conn)
        # Most requests are whole by now.
        if conn in self._arrivals:
            self._awaited.add(conn)
            self.poller.register(conn.sock, EVENT_READ, lambda _socket: self._receive(conn))

    def murder_pending(self) -> None:
        """Close what has not arrived in time, and what goes on after its answer."""
        now = time.monotonic()
        for conn in [conn for conn in self._arrivals if conn.timeout <= now]:
            self._refuse(conn, HTTPStatus.REQUEST_TIMEOUT)
        for ending in [one for one, linger in self._lingering.items() if linger.until <= now]:
            self._end(ending)

    def _cap_keepalive(self, deadline: float) -> None:
        """Wait no longer than until then for requests of which nothing has come."""
        super()._cap_keepalive(deadline)
        for conn, arrival in self._arrivals.items():
            if len(arrival) == 0:
                conn.timeout = min(conn.timeout, deadline)

    def _receive(self, conn: TConn) -> None:
        """Take one piece of what has come; for the next one others are asked first."""
        try:
            data = conn.sock.recv(_PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._take(conn, self._arrivals[conn], data)
        else:
            self._forget(conn)
            self._drop(conn)

    def _take(self, conn: TConn, arrival: Arrival, data: bytes) -> None:
        before = len(arrival)
        arrival.add(data)
        self._held_bytes += len(arrival) - before
        if arrival.is_ready:
            self._forget(conn)
            if arrival.is_alone:
                conn.parser.unreader = _Pieces(conn.sock, arrival.take())
            else:
                # gunicorn looks for the next request there.
                conn.parser.unreader.unread(arrival.take())
            super().enqueue_req(conn)
        elif arrival.refusal is not None:
            self._refuse(conn, arrival.refusal)
        elif self._held_bytes > self._settings.threads * self._settings.max_body_bytes:
            # No more than the threads would hold if they had begun.
            self._refuse(conn, HTTPStatus.SERVICE_UNAVAILABLE)
        elif arrival.wants_leave:
            arrival.wants_leave = False
            with contextlib.suppress(OSError):
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, conn: TConn, status: HTTPStatus) -> None:
        """Answer what no thread will see; a client that has sent nothing expects no answer."""
        has_come = len(self._arrivals[conn]) > 0
        self._forget(conn)
        if has_come:
            answer = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            with contextlib.suppress(OSError):
                conn.sock.send(f"{answer}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
        self._drop(conn)

    def _forget(self, conn: TConn) -> None:
        self._held_bytes -= len(self._arrivals.pop(conn))
        if conn in self._awaited:
            self._awaited.remove(conn)
            self.poller.unregister(conn.sock)

    def _drop(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close(graceful=True)

    def _close(self, conn: TConn, *, graceful: bool = False) -> None:
        """Close a connection; gracefully means that an answer is not cut off (RFC 9112, 9.6).

        gunicorn would wait for that in the main thread, and everybody with it.
        """
        if not graceful:
            TConn.close(conn)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(0)
            self.poller.register(conn.sock, EVENT_READ, self._discard)
        except (OSError, ValueError):
            TConn.close(conn)
        else:
            self._lingering[conn.sock] = _Linger()
            self.nr_conns += 1

    def _discard(self, ending: socket.socket) -> None:
        linger = self._lingering[ending]
        try:
            size = len(ending.recv(_PIECE_BYTES))
        except BlockingIOError:
            return
        except OSError:
            size = 0
        linger.left_bytes -= size
        if size == 0 or linger.left_bytes <= 0:
            self._end(ending)

    def _end(self, ending: socket.socket) -> None:
        del self._lingering[ending]
        self.nr_conns -= 1
        self.poller.unregister(ending)
        ending.close()


class _Pieces(SocketUnreader):  # type: ignore[misc] # gunicorn ships no types
    """Gives what has come as a socket does: gunicorn copies all it has for each part it reads."""

    def __init__(self, source: socket.socket, data: bytes) -> None:
        super().__init__(source)
        places = range(0, len(data), _PIECE_BYTES)
        self._pieces = deque(data[place : place + _PIECE_BYTES] for place in places)

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next piece; behind the last one, what comes from the socket."""
        if self._pieces:
            return self._pieces.popleft()
        data: bytes = super().chunk(size_hint)
        return data


class _Linger:
    """How long a connection that has been answered is still read from, and how much."""

    def __init__(self) -> None:
        self.until = time.monotonic() + _LINGER_S
        self.left_bytes = _LINGER_BYTES

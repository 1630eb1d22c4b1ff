# SPDX-License-Identifier: Apache-2.0
"""A client's connection: what it waits for, since when, and how much is held for it."""

import contextlib
import socket
import time
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped] # ships no types
from waitress.utilities import Error  # type: ignore[import-untyped] # as above

from inventory_service.server.requests import Request
from inventory_service.server.responses import ApplicationTask, refuse

#: How long a client may go on sending whose request was refused before it had arrived whole.
_LINGER_S = 2


class Connection(HTTPChannel):  # type: ignore[misc] # waitress ships no types
    """waitress's channel, which also knows how long it has been waiting, and for what."""

    #: The request that is arriving, and those that have arrived and wait for their answers.
    request: Request | None
    requests: list[Request]
    parser_class = Request
    task_class = ApplicationTask

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - waitress's signature
        #: When it began to wait for what it waits for now: a request, or the rest of one.
        self.waiting_since = time.monotonic()
        #: Since when an answer has not been read to its end; None while there is none.
        self.unread_since: float | None = None
        #: When to close at last; None while nothing was refused.
        self.lingers_until: float | None = None
        self._is_refused = False
        super().__init__(*arguments, **options)

    @property
    def is_busy(self) -> bool:
        """Return whether a request is being answered, or its answer sent."""
        return bool(self.requests or self.total_outbufs_len)

    @property
    def held_bytes(self) -> int:
        """Return how much is held of bodies and of answers that were not read yet."""
        arriving = self.request
        arrived = [*self.requests, arriving] if arriving is not None else self.requests
        return int(self.total_outbufs_len + sum(one.body_bytes_received for one in arrived))

    def error_task_class(self, _connection: object, request: Request) -> Any:  # noqa: ANN401 - as above
        """Return the task that answers a request with an error; waitress expects a class here."""
        self._is_refused = True
        return refuse(self, request)

    def received(self, data: bytes) -> bool:
        """Take what has arrived."""
        if self.lingers_until is not None:
            return False
        before = self.request
        result: bool = super().received(data)
        if self.request is not before:
            self.waiting_since = time.monotonic()
        return result

    def service(self) -> None:
        """Answer one request."""
        # Who reads one answer after the other is not slow.
        self.unread_since = None
        super().service()
        self.waiting_since = time.monotonic()

    def refuse(self, error: Error) -> None:
        """Answer a request that has not arrived as a whole, and end the connection."""
        with self.requests_lock:
            request, self.request = self.request, None
            if request is not None:
                request.error, request.completed = error, True
                self.requests.append(request)
                self.server.add_task(self)

    def end(self) -> None:
        """Close it in the next turn of the loop, whatever is still to be sent."""
        self._is_refused = False
        self.lingers_until = None
        self.will_close = True

    def handle_close(self) -> None:
        """Close; a client that is still sending may read its refusal first (RFC 9112, 9.6)."""
        if self._is_refused and self.will_close:
            self._is_refused = self.will_close = False
            self.lingers_until = time.monotonic() + _LINGER_S
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                return
        super().handle_close()

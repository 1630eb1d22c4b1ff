# SPDX-License-Identifier: Apache-2.0
"""Requests to a destination: to the address that was checked, without redirects, within a time."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from inventory_service.core.errors import BadInput
from inventory_service.notifications.domain.deliveries import Outcome
from inventory_service.notifications.domain.destinations import (
    Address,
    Destination,
    parse_destination,
)
from inventory_service.notifications.senders.addresses import Addresses

#: In all, from the connection to the answer.
TIMEOUT_S = 10.0
#: More of an answer is not read; of what is read nothing is kept.
MOST_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Poster:
    """Sends requests to destinations of others."""

    addresses: Addresses
    timeout_s: float = TIMEOUT_S

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send a request; whatever goes wrong is the outcome, with scheme and host alone."""
        return self.ask("POST", url, body, headers)[0]

    def ask(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Outcome, bytes]:
        """Send a request, and return the outcome as `post` does, and what was answered."""
        try:
            destination = parse_destination(url)
            addresses = self.addresses.find(destination)
        except BadInput as error:
            return Outcome(error=error.detail), b""
        try:
            status, answer = self._send(method, destination, addresses, body, headers)
        except (OSError, http.client.HTTPException) as error:
            return Outcome(error=f"{destination.label}: {_explain(error)}"), b""
        if HTTPStatus(200) <= status < HTTPStatus(300):
            return Outcome(status), answer
        what = "a redirect, which is not followed" if 300 <= status < 400 else "a refusal"  # noqa: PLR2004 - the ranges of RFC 9110
        return Outcome(status, f"{destination.label} answers with {status}: {what}"), answer

    def _send(
        self,
        method: str,
        destination: Destination,
        addresses: Sequence[Address],
        body: bytes,
        headers: Mapping[str, str],
    ) -> tuple[int, bytes]:
        connection = _Pinned(destination, addresses, self.timeout_s)
        with contextlib.closing(connection), connection.ending_after(self.timeout_s):
            connection.request(
                method,
                destination.target,
                body,
                {
                    "Host": destination.host_header,
                    "User-Agent": "quartermaster",
                    "Content-Type": "application/json",
                    **headers,
                },
            )
            response = connection.getresponse()
            return response.status, response.read(MOST_ANSWER_BYTES)


class _Pinned(http.client.HTTPConnection):
    """A connection to some addresses, whatever the name means by now; TLS proves the name."""

    def __init__(
        self, destination: Destination, addresses: Sequence[Address], timeout_s: float
    ) -> None:
        super().__init__(destination.host, destination.port, timeout=timeout_s)
        self._destination = destination
        self._addresses = [str(address) for address in addresses]
        self._is_late = threading.Event()

    def connect(self) -> None:
        """Connect to the first of the addresses that answers, and to nothing else."""
        self.sock = self._open()
        self._check_time()
        if self._destination.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self._destination.host, do_handshake_on_connect=False
            )
            self._check_time()
            self.sock.do_handshake()

    def _open(self) -> socket.socket:
        refusal: OSError = TimeoutError()
        for address in self._addresses:
            self._check_time()
            try:
                return socket.create_connection((address, self.port), self.timeout)
            except OSError as error:
                refusal = error
        raise refusal

    def _check_time(self) -> None:
        """Raise TimeoutError if it is too late: what is opened by now would not be cut."""
        if self._is_late.is_set():
            raise TimeoutError

    @contextlib.contextmanager
    def ending_after(self, seconds: float) -> Iterator[None]:
        """Cut the connection after so long: a receiver that sends a byte a second never times out.

        :raises TimeoutError: it was cut.
        """
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, ValueError, http.client.HTTPException) as error:
            if self._is_late.is_set():
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()
        self._check_time()

    def _cut(self) -> None:
        self._is_late.set()
        with contextlib.suppress(OSError, AttributeError):
            # Of the socket itself: a TLS one would wait for the other side.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _explain(error: Exception) -> str:
    """Return the reason in words of ours: those of libraries may quote the request."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, OSError):
        return "it can't be reached, or the connection was lost"
    return "its answer is not HTTP"

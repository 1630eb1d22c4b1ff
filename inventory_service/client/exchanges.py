# SPDX-License-Identifier: Apache-2.0
"""One HTTP request and its answer, by the standard library: timeouts, proxies, TLS, no redirects.

The standard library suffices, and takes a quarter of the time to import that `requests` takes:
docs/decisions/0033-the-client-is-a-package.md.
"""

import functools
import gzip
import http.client
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

#: To connect, and for each part of an answer.
Timeouts = tuple[float, float]
_PART_BYTES = 65_536
#: What can go wrong on the way to an answer.
FAULTS = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Answer:
    """An answer of the service, whole."""

    status: int
    reason: str
    headers: Message
    body: bytes

    @property
    def is_good(self) -> bool:
        """Return whether the request was granted."""
        return http.HTTPStatus.OK <= self.status < http.HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_redirect(self) -> bool:
        """Return whether it names another address."""
        is_other = http.HTTPStatus.MULTIPLE_CHOICES <= self.status < http.HTTPStatus.BAD_REQUEST
        return is_other and "Location" in self.headers


class Exchanges:
    """The requests to one address; each has a connection of its own, so that threads may share it.

    Redirects are answers like others: one would carry the token to a host that nobody named.
    """

    def __init__(self, url: str, timeouts: Timeouts) -> None:
        self._is_near = is_loopback(url)
        self._opener = _build_opener(timeouts, is_near=self._is_near)
        self._read_timeout_s = timeouts[1]

    def send(self, request: urllib.request.Request) -> Answer:
        """Return the whole answer.

        :raises OSError: it did not come; :raises http.client.HTTPException: or only a part of it.
        """
        if not self._is_near:
            # On one machine packing costs more than it saves.
            request.add_header("Accept-Encoding", "gzip")
        with self._open(request) as response:
            body = response.read()
            if response.headers.get("Content-Encoding", "").lower() == "gzip":
                body = _unpack(body)
            return _answer(response, body)

    def stream(self, request: urllib.request.Request) -> Answer | Iterator[bytes]:
        """Return the parts of a good answer as they come, however large it is; another one whole.

        :raises OSError: as `send`, and so do the parts.
        """
        response = self._open(request)
        empty = _answer(response, b"")
        if empty.is_good:
            return _parts(response)
        with response:
            return _answer(response, response.read())

    def _open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        found: http.client.HTTPResponse = self._opener.open(request, timeout=self._read_timeout_s)
        return found


def is_loopback(url: str) -> bool:
    """Return whether the address is one of this machine."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _parts(response: http.client.HTTPResponse) -> Iterator[bytes]:
    with response:
        while part := response.read1(_PART_BYTES):
            yield part
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)


def _answer(response: http.client.HTTPResponse, body: bytes) -> Answer:
    return Answer(response.status, response.reason, response.headers, body)


def _unpack(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (EOFError, zlib.error) as error:
        raise http.client.IncompleteRead(body) from error


def _build_opener(timeouts: Timeouts, *, is_near: bool) -> urllib.request.OpenerDirector:
    """Return an opener that knows HTTP(S) and proxies, and hands over every status as an answer."""
    opener = urllib.request.OpenerDirector()
    opener.addheaders = []
    handlers: list[urllib.request.BaseHandler] = [_Http(timeouts), _Https(timeouts)]
    if not is_near:
        # A proxy for the outside world cannot reach a service of this machine.
        handlers.append(urllib.request.ProxyHandler())
    for handler in handlers:
        opener.add_handler(handler)
    return opener


class _Http(urllib.request.HTTPHandler):
    """Opens connections of plain HTTP."""

    def __init__(self, timeouts: Timeouts) -> None:
        super().__init__()
        self._timeouts = timeouts

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Return the answer to the request."""
        return self.do_open(_opens(http.client.HTTPConnection, self._timeouts), req)


class _Https(urllib.request.HTTPSHandler):
    """Opens connections of TLS, with the certificates that this machine trusts."""

    def __init__(self, timeouts: Timeouts) -> None:
        super().__init__()
        self._timeouts = timeouts

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Return the answer to the request."""
        return self.do_open(_opens(http.client.HTTPSConnection, self._timeouts), req)


def _opens(
    kind: type[http.client.HTTPConnection], timeouts: Timeouts
) -> Callable[..., http.client.HTTPConnection]:
    """Return what makes connections with a timeout to connect and another one to read."""
    return functools.partial(_make_connection, kind, timeouts)


def _make_connection(
    kind: type[http.client.HTTPConnection],
    timeouts: Timeouts,
    host: str,
    **options: Any,  # noqa: ANN401 (those of http.client)
) -> http.client.HTTPConnection:
    connect_s, read_s = timeouts
    connection = kind(host, **{**options, "timeout": connect_s})
    connect = connection.connect

    def connect_and_wait() -> None:
        connect()
        connection.sock.settimeout(read_s)

    connection.connect = connect_and_wait  # type: ignore[method-assign] # of this one alone
    return connection

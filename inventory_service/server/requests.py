# SPDX-License-Identifier: Apache-2.0
"""Requests as they arrive: those that waitress accepts against the standard are refused here."""

from waitress.parser import (  # type: ignore[import-untyped] # ships no types
    HTTPRequestParser,
    ParsingError,
    get_header_lines,
)
from waitress.receiver import ChunkedReceiver  # type: ignore[import-untyped] # as above
from waitress.utilities import BadRequest  # type: ignore[import-untyped] # as above

#: waitress searches a line between chunks, and the trailer, from their start with each byte.
_MAX_CHUNK_LINE_BYTES = 8192
#: The first byte of a handshake (RFC 8446, section 5.1), and of no request: its client would wait
#: for an answer to it.
_TLS = b"\x16"


class Request(HTTPRequestParser):  # type: ignore[misc] # waitress ships no types
    """One request: its head, and as much of its body as has arrived."""

    #: Set when the head is parsed; a refused head keeps these defaults.
    command = "GET"
    path = ""

    def received(self, data: bytes) -> int:
        """Take what has arrived; return how much of it belongs to this request."""
        if not self.header_plus and data.startswith(_TLS):
            self._refuse("this port takes HTTP, not HTTPS; use http://, or the port of a TLS proxy")
            return len(data)
        try:
            consumed: int = super().received(data)
        except ValueError:
            consumed = len(data)
            self._refuse("Content-Length has more digits than any length")
        if self.headers_finished and self.error is None:
            self._check_host()
            self._check_chunk_lines()
        if self.completed:
            # waitress would send 100 Continue, and wait for a body that will not come.
            self.expect_continue = False
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head.

        :raises ParsingError: it is malformed, or its body ends where a proxy could read another
            end (RFC 9112, sections 6.1 and 6.3).
        :raises TransferEncodingNotImplemented: it has another coding before chunked.
        """
        codings = _list_codings(header_plus)
        if codings and (codings[-1] != "chunked" or codings.count("chunked") > 1 or "" in codings):
            raise ParsingError("Transfer-Encoding must end with chunked, and have it once")
        super().parse_header(header_plus)
        if codings and self.version != "1.1":
            raise ParsingError("Transfer-Encoding needs HTTP/1.1")
        if codings and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding exclude each other")

    def _check_host(self) -> None:
        """Refuse HTTP/1.1 without a Host, and several of them (RFC 9112, section 3.2)."""
        host = self.headers.get("HOST")
        if (host is None and self.version == "1.1") or (host is not None and "," in host):
            self._refuse("HTTP/1.1 needs exactly one Host")

    def _check_chunk_lines(self) -> None:
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver):
            length = max(len(body.control_line), len(body.trailer))
            if length > _MAX_CHUNK_LINE_BYTES:
                self._refuse(f"a chunk line or trailer exceeds {_MAX_CHUNK_LINE_BYTES} bytes")

    def _refuse(self, reason: str) -> None:
        self.error = BadRequest(reason)
        self.completed = True


def _list_codings(head: bytes) -> list[str]:
    """Return the codings of all Transfer-Encoding fields, which waitress takes out of the headers.

    :raises ParsingError: a line of the head is malformed.
    """
    fields = (line.partition(b":") for line in get_header_lines(head))
    return [
        coding.strip(b" \t").lower().decode("latin-1")
        for name, _, value in fields
        if name.lower() == b"transfer-encoding"
        for coding in value.split(b",")
    ]

# SPDX-License-Identifier: Apache-2.0
"""A request as it arrives, piece by piece: whether enough of it is there to begin with it.

What a request means is the server's business; here only its end is found (RFC 9112, section 6).
"""

import re
from http import HTTPStatus

#: A longer head is no request of anybody's.
MOST_HEAD_BYTES = 64 * 1024
#: So many times as long as its content a body may be by the lines between its chunks.
_CHUNKING = 2
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect[ \t]*:[^\r\n]*", re.IGNORECASE)
_CONNECTION = re.compile(rb"\r\nconnection[ \t]*:[^\r\n]*", re.IGNORECASE)
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,16}")


class Arrival:
    """What has come of a request so far."""

    def __init__(self, most_body_bytes: int) -> None:
        self._most = most_body_bytes
        self._data = bytearray()
        self._body_at: int | None = None
        #: Where the request ends; None while that is not known.
        self._end: int | None = None
        #: Where the line before the next chunk begins, and how much the chunks before it hold.
        self._chunk_at: int | None = None
        self._content = 0
        self._is_too_large = False
        #: Whether the client waits for leave to send the body.
        self.wants_leave = False

    def __len__(self) -> int:
        """Return how much is held."""
        return len(self._data)

    def add(self, data: bytes) -> None:
        """Take what has come."""
        self._data += data
        if self._body_at is None:
            self._read_head()
        if self._chunk_at is not None and self._end is None:
            self._read_chunks()

    @property
    def refusal(self) -> HTTPStatus | None:
        """Return with what to answer if this will never be a request that can be begun with."""
        if self._body_at is None:
            is_endless = len(self._data) > MOST_HEAD_BYTES
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if is_endless else None
        is_endless = (
            self._end is None and len(self._data) > _CHUNKING * self._most + MOST_HEAD_BYTES
        )
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_endless else None

    @property
    def is_ready(self) -> bool:
        """Tell whether the request is whole, or will be refused as too large as it is."""
        return self._is_too_large or (self._end is not None and len(self._data) >= self._end)

    @property
    def is_alone(self) -> bool:
        """Tell whether nothing of another request has come behind this one."""
        return self._end is None or len(self._data) <= self._end

    def take(self) -> bytes:
        """Return what has come, with the request that the connection ends if a part is missing.

        Nobody should read what is left of a body that is too large, to find the next request.
        """
        data, self._data = bytes(self._data), bytearray()
        if not self._is_too_large or self._body_at is None:
            return data
        head = _CONNECTION.sub(b"", data[: self._body_at - len(_HEAD_END)])
        return head + b"\r\nConnection: close" + _HEAD_END + data[self._body_at :]

    def _read_head(self) -> None:
        # Empty lines before a request mean nothing (RFC 9112, section 2.2).
        while self._data[:2] == b"\r\n":
            del self._data[:2]
        end = self._data.find(_HEAD_END)
        if end < 0:
            return
        head = bytes(self._data[: end + 2])
        self.wants_leave = _EXPECT.search(head) is not None
        if self.wants_leave:
            # Given from here; once is enough.
            head = _EXPECT.sub(b"", head)
            self._data[: end + 2] = head
        self._body_at = len(head) + 2
        length = _LENGTH.search(head)
        if _CODING.search(head):
            self._chunk_at = self._body_at
        else:
            size = int(length[1]) if length else 0
            self._end = self._body_at + size
            self._is_too_large = size > self._most

    def _read_chunks(self) -> None:
        """Go on to the end of the last chunk that is there; what is malformed is not waited for."""
        assert self._chunk_at is not None  # noqa: S101 - the caller's condition
        while (line_end := self._data.find(b"\r\n", self._chunk_at)) >= 0:
            line = _CHUNK.match(self._data, self._chunk_at, line_end)
            if line is None:
                self._end = len(self._data)
                return
            size = int(line[0], 16)
            if size == 0:
                end = self._data.find(_HEAD_END, line_end)
                self._end = end + len(_HEAD_END) if end >= 0 else None
                return
            held = min(size, len(self._data) - line_end - 2)
            # Enough must be there for whoever reads it to see that it is too much.
            if self._content + held > self._most:
                self._is_too_large = True
                return
            if len(self._data) < line_end + 2 + size + 2:
                return
            self._content += size
            self._chunk_at = line_end + 2 + size + 2

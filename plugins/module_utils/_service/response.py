# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a service answered, refused unless it is whole."""

from __future__ import annotations

import http.client
import json
import time
import typing as t
import zlib
from dataclasses import dataclass

MAX_RETRY_AFTER_S = {
    http.HTTPStatus.TOO_MANY_REQUESTS: 60.0,
    http.HTTPStatus.SERVICE_UNAVAILABLE: 10.0,
}
"""A service that asks for a longer wait is reported, not waited for."""
MAX_BODY_BYTES = 512 * 1024 * 1024
CHUNK_BYTES = 256 * 1024


class InvalidResponse(Exception):
    """An answer that must not be used, and why."""


@dataclass(frozen=True)
class Answer:
    """What the service answered: a whole, unpacked body, and headers by lower-case name."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case; empty if not declared."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def document(self) -> t.Any:
        """Return the decoded JSON body; None for an empty one.

        :raises ValueError: if the body is not JSON.
        """
        return json.loads(self.body) if self.body else None

    def problem(self) -> dict[str, t.Any]:
        """Return the problem document (RFC 9457); empty if there is none."""
        if self.media_type not in {"application/problem+json", "application/json"}:
            return {}
        try:
            problem = self.document()
        except ValueError:
            return {}
        return problem if isinstance(problem, dict) else {}

    def retry_after_s(self) -> float | None:
        """Return the seconds after which to ask again; None if that was not offered."""
        declared = self.headers.get("retry-after", "")
        longest_s = MAX_RETRY_AFTER_S.get(self.status, 0.0)
        if not longest_s or not (declared.isascii() and declared.isdigit()):
            return None
        return float(declared) if float(declared) <= longest_s else None


def errors_of(problem: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the fields that a problem document complains of, with their reasons."""
    errors = problem.get("errors")
    return [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []


def read_answer(response: http.client.HTTPResponse, deadline: float) -> Answer:
    """Return the answer once its body is whole; `deadline` is on the monotonic clock.

    :raises InvalidResponse: if the body is cut short, endless, too large or unlike its headers.
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    body = b""
    if response.status not in (http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED):
        body = _read_body(response, headers, deadline)
    if headers.get("content-encoding", "identity").lower() == "gzip" and body:
        body = _unpack(body)
    return Answer(response.status, headers, body)


def _read_body(
    response: http.client.HTTPResponse, headers: t.Mapping[str, str], deadline: float
) -> bytes:
    declared = headers.get("content-length")
    if declared is None and not response.chunked:
        raise InvalidResponse("it declares no length, so that it cannot be checked to be whole")
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read(CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise InvalidResponse(f"it is larger than {MAX_BODY_BYTES} bytes")
        if time.monotonic() > deadline:
            raise InvalidResponse("it did not end in time")
    if declared is not None and size != int(declared):
        raise InvalidResponse(f"it is cut short: {size} of {declared} bytes")
    return b"".join(chunks)


def _unpack(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = unpacker.decompress(packed, MAX_BODY_BYTES)
    except zlib.error as error:
        raise InvalidResponse(f"it is not valid gzip ({error})") from error
    if not unpacker.eof:
        raise InvalidResponse("its gzip body is cut short or too large")
    return body

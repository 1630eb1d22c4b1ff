# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one HTTP client with which modules, inventory plugin and inventory script reach the service.

It needs the standard library only: the inventory script runs with any Python of the machine.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

from .connection import (
    DEFAULT_URL,
    ClientError,
    check_token,
    check_url,
    is_loopback,
    resolve_connection,
)
from .response import Answer, InvalidResponse, errors_of, read_answer

__all__ = ["DEFAULT_URL", "Answer", "Client", "ClientError", "resolve_connection", "segment"]

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
KEY = "Idempotency-Key"
PAUSES_S = (0.2, 0.5, 1.2)
"""Pauses before the second, third and fourth attempt, where the service asks for no longer ones."""
MAX_WAIT_S = 60.0
"""All pauses of one request together; the limits of the service count by the minute."""
MIN_SECRET_CHARS = 6
"""A shorter token is no secret, and hiding it would make messages unreadable."""
TOTAL_TIMEOUTS = 6
"""A whole body may take this many times the timeout of one read, so that a trickle ends."""

NEXT_STEPS = {
    401: "Give a valid token: option token, QM_TOKEN, or the profile file.",
    403: "Use a token whose scope allows this.",
    404: "Check the name, and that url is the address of the service itself.",
    429: "Run it again in a minute, or with fewer forks.",
}


class Client:
    """Requests to one service, with one account.

    A refused connection, and a 429 or 503 that names its Retry-After, are tried again, at most
    three times with growing pauses; what may have had an effect is repeated only if the method is
    idempotent, or the request has a key.
    Redirects are never followed, so that a token stays with the service that it belongs to.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        timeout_s: float = 10,
        *,
        door: str = "ansible",
        pause: t.Callable[[float], object] = time.sleep,
    ) -> None:
        self.url = check_url(url)
        self._token = check_token(token)
        self._timeout_s = timeout_s
        self._door = door
        self._pause = pause
        self._opener = _build_opener(self.url)

    @property
    def identity(self) -> str:
        """What identifies this service and account, without revealing the token."""
        return hashlib.sha256(f"{self.url}\n{self._token or ''}".encode()).hexdigest()

    def get(
        self,
        path: str,
        query: t.Mapping[str, t.Any] | None = None,
        etag: str | None = None,
        *,
        accept: str = "application/json",
    ) -> Answer:
        """Return the answer to a GET; its status is 200, or 304 if `etag` is still current.

        :raises ClientError: for any other answer, and for one that is cut short or of another
        media type.
        """
        headers = {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        answer = self._request("GET", path, query=query, headers=headers)
        if answer.status == http.HTTPStatus.NOT_MODIFIED and etag:
            return answer
        if answer.status != http.HTTPStatus.OK:
            raise self._refused("GET", path, f"unexpected status {answer.status}")
        self._check_media_type("GET", path, answer, accept)
        return answer

    def json(
        self,
        method: str,
        path: str,
        body: t.Any = None,
        query: t.Mapping[str, t.Any] | None = None,
        *,
        key: str | None = None,
    ) -> t.Any:
        """Return the decoded answer to a request; None if it has no content.

        With `key` the service carries out a request once, however often it is sent.

        :raises ClientError: if the service refuses, cannot be reached, or answers anything but
        whole JSON.
        """
        answer = self.exchange(method, path, body, query, key=key)
        if answer.status == http.HTTPStatus.NO_CONTENT:
            return None
        try:
            return answer.document()
        except ValueError as error:
            raise self._refused(method, path, f"the body is not JSON ({error})") from error

    def exchange(
        self,
        method: str,
        path: str,
        body: t.Any = None,
        query: t.Mapping[str, t.Any] | None = None,
        *,
        key: str | None = None,
    ) -> Answer:
        """Return the answer to a request as it came; if it has content, that is declared as JSON.

        :raises ClientError: as `json`.
        """
        headers = {"Accept": "application/json", **({KEY: key} if key else {})}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        answer = self._request(method, path, query=query, headers=headers, data=data)
        if answer.status != http.HTTPStatus.NO_CONTENT:
            self._check_media_type(method, path, answer, "application/json")
        return answer

    def items(self, path: str, query: t.Mapping[str, t.Any] | None = None) -> list[t.Any]:
        """Return all items of a list, page after page.

        :raises ClientError: as `json`, and if the pages do not end.
        """
        found: list[t.Any] = []
        asked = {"limit": 1000, **(query or {})}
        seen: set[str] = set()
        while True:
            page = self.json("GET", path, query=asked)
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise self._refused("GET", path, "the answer is not a list with items")
            found.extend(page["items"])
            cursor = page.get("next_cursor")
            if not cursor:
                return found
            if cursor in seen:
                raise self._refused("GET", path, "the pages of the list do not end")
            seen.add(cursor)
            asked["cursor"] = cursor

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: t.Mapping[str, t.Any] | None,
        headers: dict[str, str],
        data: bytes | None = None,
    ) -> Answer:
        address = self.url + path
        if query:
            given = {name: value for name, value in query.items() if value is not None}
            address += "?" + urllib.parse.urlencode(given, doseq=True)
        headers = {
            **headers,
            "Accept-Encoding": "gzip",
            "User-Agent": "quartermaster.fleet",
            "X-Quartermaster-Door": self._door,
        }
        if is_loopback(self.url):
            del headers["Accept-Encoding"]  # packing costs more than it saves
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        # The scheme is checked when the client is made, and the opener below knows only HTTP.
        request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310
        return self._attempt(request)

    def _attempt(self, request: urllib.request.Request) -> Answer:
        left_s = MAX_WAIT_S
        for pause_s in PAUSES_S:
            try:
                return self._send(request)
            except ClientError as error:
                if error.retry_after_s is None:
                    raise
                wait_s = max(pause_s, error.retry_after_s)
                left_s -= wait_s
                if left_s < 0:
                    raise
                self._pause(wait_s)
        return self._send(request)

    def _send(self, request: urllib.request.Request) -> Answer:
        method, path = request.get_method(), request.full_url[len(self.url) :]
        is_idempotent = method in IDEMPOTENT or request.has_header(KEY.capitalize())
        try:
            with self._opener.open(request, timeout=self._timeout_s) as response:
                answer = read_answer(response, time.monotonic() + TOTAL_TIMEOUTS * self._timeout_s)
        except InvalidResponse as error:
            raise self._refused(method, path, str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(method, path, error, is_idempotent) from error
        if answer.status >= http.HTTPStatus.MULTIPLE_CHOICES and (
            answer.status != http.HTTPStatus.NOT_MODIFIED
        ):
            raise self._failed(method, path, answer, is_idempotent)
        return answer

    def _check_media_type(self, method: str, path: str, answer: Answer, wanted: str) -> None:
        if answer.media_type != wanted:
            declared = answer.media_type or "nothing"
            raise self._refused(method, path, f"the body is {declared}, not {wanted}")

    def _error(self, message: str, **details: t.Any) -> ClientError:
        # A server, or a library's own message, might repeat what we sent.
        worth_hiding = self._token and len(self._token) >= MIN_SECRET_CHARS
        clean = message.replace(self._token or "", "(token)") if worth_hiding else message
        return ClientError(clean, **details)

    def _refused(self, method: str, path: str, reason: str) -> ClientError:
        return self._error(
            f"{method} {self.url}{path}: the answer was refused: {reason}. "
            "Check that url is the address of the service, and what is between."
        )

    def _unreachable(
        self, method: str, path: str, error: Exception, is_idempotent: bool
    ) -> ClientError:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        text = str(reason) or type(reason).__name__
        repeatable = isinstance(reason, ConnectionRefusedError) or (
            is_idempotent and isinstance(reason, ConnectionError)
        )
        return self._error(
            f"{method} {self.url}{path}: no answer: {text}. "
            "Check that the service runs, and url (QM_URL or the profile file).",
            retry_after_s=0.0 if repeatable else None,
        )

    def _failed(self, method: str, path: str, answer: Answer, is_idempotent: bool) -> ClientError:
        problem = answer.problem()
        reason = http.client.responses.get(answer.status, "")
        parts = [f"{answer.status} {problem.get('title') or reason}".strip()]
        if problem.get("detail"):
            parts.append(str(problem["detail"]))
        parts += [f"{error.get('field')}: {error.get('reason')}" for error in errors_of(problem)]
        step = NEXT_STEPS.get(answer.status, "")
        if answer.status < http.HTTPStatus.BAD_REQUEST:
            step = "Redirects are refused; set url to the final address of the service."
        elif answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            step = "See the log of the service."
        message = f"{method} {self.url}{path}: {'; '.join(parts).rstrip('.')}. {step}".rstrip()
        # 429 means that nothing was done.
        repeatable = is_idempotent or answer.status == http.HTTPStatus.TOO_MANY_REQUESTS
        wait_s = answer.retry_after_s() if repeatable else None
        return self._error(message, status=answer.status, problem=problem, retry_after_s=wait_s)


def segment(value: str) -> str:
    """Return a name as one segment of a path, so that no name can reach another route."""
    return urllib.parse.quote(value, safe="")


def _build_opener(url: str) -> urllib.request.OpenerDirector:
    """Return an opener that knows HTTP(S) and proxies, and hands over redirects as answers."""
    opener = urllib.request.OpenerDirector()
    opener.addheaders = []
    # A proxy for the outside world cannot reach a service of this machine.
    proxies = {} if is_loopback(url) else None
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
    ):
        opener.add_handler(handler)
    return opener

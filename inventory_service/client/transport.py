# SPDX-License-Identifier: Apache-2.0
"""Requests to the service: JSON both ways, with timeouts and repeats, refusals as exceptions."""

import json
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from inventory_service.client.errors import InvalidName, Refusal, ServiceUnreachable, Target
from inventory_service.client.exchanges import FAULTS, Answer, Exchanges, Timeouts
from inventory_service.client.faults import describe_fault
from inventory_service.client.profiles import Connection
from inventory_service.client.retries import IDEMPOTENT, KEY_HEADER, Notice, RetryPolicy, ignore

CONNECT_TIMEOUT_S = 5
# An import of thousands of nodes is one transaction, and the answer comes after it.
READ_TIMEOUT_S = 120
PAGE_SIZE = 1000

Query = Mapping[str, str | int | Sequence[str] | None]


class Transport:
    """What sends requests to one service; threads may share it."""

    def __init__(
        self,
        connection: Connection,
        *,
        door: str | None = None,
        pause: Callable[[float], object] = time.sleep,
        notice: Notice = ignore,
        timeout_s: Timeouts = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    ) -> None:
        self.url = connection.url
        self._token = connection.token
        self._door = door
        self._pause = pause
        self._notice = notice
        self._exchanges = Exchanges(connection.url, timeout_s)

    def get(self, path: str, target: Target, query: Query | None = None) -> Any:  # noqa: ANN401 (JSON)
        """Return the parsed answer of a GET."""
        return self._parsed(self._send("GET", path, target, query=query))

    def get_with_etag(self, path: str, target: Target) -> tuple[Any, str | None]:
        """Return the parsed answer of a GET and its ETag, for a change that must not race."""
        answer = self._send("GET", path, target)
        return self._parsed(answer), answer.headers.get("ETag")

    def stream(self, path: str, target: Target) -> Iterator[bytes]:
        """Yield the parts of the answer to a GET as they come, however large it is."""
        begun = time.monotonic()
        try:
            found = self._exchanges.stream(self._request("GET", path, {}))
            if isinstance(found, Answer):
                self._check(found, target)
                return
            begun = time.monotonic()
            yield from found
        except FAULTS as error:
            raise self._unreachable(error, time.monotonic() - begun) from error

    def post(
        self,
        path: str,
        target: Target,
        body: Mapping[str, object] | None = None,
        *,
        query: Query | None = None,
        key: str | None = None,
        is_repeatable: bool = True,
    ) -> Any:  # noqa: ANN401 (JSON)
        """Return the parsed answer of a POST, which acts once, even if it is sent again.

        Its key is made here unless the caller has one. What can't be repeated gets none.
        """
        headers = {KEY_HEADER: (key or str(uuid.uuid4())) if is_repeatable else None}
        return self._parsed(
            self._send("POST", path, target, query=query, body=body or {}, headers=headers)
        )

    def patch(
        self,
        path: str,
        target: Target,
        body: Mapping[str, object],
        *,
        etag: str | None = None,
    ) -> Any:  # noqa: ANN401 (JSON)
        """Return the parsed answer of a PATCH; with an ETag refused if the target changed."""
        return self._parsed(
            self._send("PATCH", path, target, body=body, headers={"If-Match": etag})
        )

    def items(
        self, path: str, target: Target, query: Query | None = None, *, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page after page, at most `limit` of them."""
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            size = PAGE_SIZE if left is None else min(PAGE_SIZE, left)
            page = self.get(path, target, {**(query or {}), "limit": size, "cursor": cursor})
            yield from page["items"]
            left = None if left is None else left - len(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _send(
        self,
        method: str,
        path: str,
        target: Target,
        *,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        has_key = bool((headers or {}).get(KEY_HEADER))
        retry = RetryPolicy(
            is_repeatable=has_key or method in IDEMPOTENT, pause=self._pause, notice=self._notice
        )
        while True:
            begun = time.monotonic()
            request = self._request(method, path, headers or {}, query=query, body=body)
            try:
                answer = self._exchanges.send(request)
            except FAULTS as error:
                if has_key and retry.should_retry_error(error):
                    continue
                raise self._unreachable(error, time.monotonic() - begun) from error
            if not retry.should_retry(answer.status, answer.headers.get("Retry-After", "")):
                break
        return self._check(answer, target)

    def _request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | None],
        *,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
    ) -> urllib.request.Request:
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        address = self.url + path + (f"?{urlencode(asked, doseq=True)}" if asked else "")
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        sent = {
            **headers,
            "Accept": "application/json",
            "User-Agent": "quartermaster-client",
            "X-Quartermaster-Door": self._door,
            "Authorization": f"Bearer {self._token}" if self._token else None,
            "Content-Type": None if data is None else "application/json",
        }
        present = {name: value for name, value in sent.items() if value is not None}
        # The scheme is checked when the connection is resolved, and the opener knows only HTTP.
        return urllib.request.Request(address, data, present, method=method)  # noqa: S310

    def _check(self, answer: Answer, target: Target) -> Answer:
        """Return the answer, if the request was granted."""
        if answer.is_redirect:
            raise ServiceUnreachable(
                f"{self.url} answers with a redirect to {answer.headers['Location']}",
                next_step="give the final address: as url (--url), by QM_URL or in the profile",
            )
        if answer.is_good:
            return answer
        raise Refusal(
            status=answer.status,
            reason=answer.reason,
            problem=_problem(answer),
            target=target,
            url=self.url,
            has_token=self._token is not None,
        ).to_error()

    def _parsed(self, answer: Answer) -> Any:  # noqa: ANN401 (JSON)
        try:
            return json.loads(answer.body)
        except ValueError as error:
            kind = answer.headers.get("Content-Type", "no type")
            raise ServiceUnreachable(
                f"{self.url} answers, but not with JSON ({kind})",
                next_step="check that the address is the one of Quartermaster's service",
            ) from error

    def _unreachable(self, error: Exception, waited_s: float) -> ServiceUnreachable:
        reason, step = describe_fault(error, self.url, waited_s)
        return ServiceUnreachable(
            f"the service at {self.url} is not reachable: {reason}", next_step=step
        )


def path_of(collection: str, target: Target, *rest: str) -> str:
    """Return the path of the target below /api/v1; its name is always one segment.

    :raises InvalidName: it is empty or a dot segment, which every HTTP client folds away.
    """
    if target.name in {"", ".", ".."}:
        raise InvalidName(
            f"{target.noun} {target.name!r}: invalid name",
            next_step=f"see what there is with `qm {target.noun} list`",
        )
    return "/".join(["/api/v1", collection, quote(target.name, safe=""), *rest])


def _problem(answer: Answer) -> dict[str, Any]:
    """Return the problem document (RFC 9457), or an empty one when a proxy answered instead."""
    try:
        document = json.loads(answer.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}

# SPDX-License-Identifier: Apache-2.0
"""The service as `qm` sees it: over HTTP only, with a timeout, each refusal made a Failure."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase

from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.invocation import Invocation
from inventory_service.cli.client.options import option_of
from inventory_service.cli.client.profiles import Connection, resolve_connection
from inventory_service.cli.client.retries import KEY_HEADER, RetryPolicy
from inventory_service.client_settings import read_client_settings

CONNECT_TIMEOUT_S = 5
# An import of thousands of nodes is one transaction, and the answer comes after it.
READ_TIMEOUT_S = 120
PAGE_SIZE = 1000
_PART_BYTES = 65_536

CODE_OF_STATUS = {
    401: Exit.NOT_ALLOWED,
    403: Exit.NOT_ALLOWED,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    412: Exit.CONFLICT,
}

Query = Mapping[str, str | int | Sequence[str] | None]


@dataclass(frozen=True)
class Target:
    """What a request is about, as messages name it: `node web-1`, or `nodes` for all of them.

    `noun` is the command that lists its kind.
    """

    noun: str
    name: str = ""

    def __str__(self) -> str:
        """Return the words for a message."""
        return f"{self.noun} {self.name}" if self.name else f"{self.noun}s"


class Api:
    """An open connection to one service."""

    def __init__(
        self,
        connection: Connection,
        *,
        pause: Callable[[float], object] = time.sleep,
        timeout_s: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    ) -> None:
        self.url = connection.url
        self._timeout_s = timeout_s
        self._pause = pause
        self._http = requests.Session()
        self._http.auth = _Bearer(connection.token)
        self._http.headers["X-Quartermaster-Door"] = "cli"
        self._http.headers["Accept"] = "application/json"
        # A command reaches the service on its own machine directly, never through a proxy.
        self._http.trust_env = not _is_loopback(connection.url)

    def get(self, path: str, target: Target, query: Query | None = None) -> Any:  # noqa: ANN401 (JSON)
        """Return the parsed answer of a GET."""
        return _parsed(self._send("GET", path, target, query=query), self.url)

    def get_with_etag(self, path: str, target: Target) -> tuple[Any, str | None]:
        """Return the parsed answer of a GET and its ETag, for a change that must not race."""
        response = self._send("GET", path, target)
        return _parsed(response, self.url), response.headers.get("ETag")

    def stream(self, path: str, target: Target) -> Iterator[bytes]:
        """Yield the parts of the answer to a GET as they come, however large it is."""
        with self._send("GET", path, target, is_streamed=True) as response:
            begun = time.monotonic()
            try:
                yield from response.iter_content(_PART_BYTES)
            except requests.RequestException as error:
                raise _unreachable(self.url, error, time.monotonic() - begun) from error

    def post(
        self, path: str, target: Target, body: Mapping[str, object], *, key: str | None = None
    ) -> Any:  # noqa: ANN401 (JSON)
        """Return the parsed answer of a POST; with a key it acts once, even if sent twice."""
        return _parsed(
            self._send("POST", path, target, body=body, headers={KEY_HEADER: key}), self.url
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
        return _parsed(
            self._send("PATCH", path, target, body=body, headers={"If-Match": etag}), self.url
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

    def _send(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        path: str,
        target: Target,
        *,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str | None] | None = None,
        is_streamed: bool = False,
    ) -> requests.Response:
        retry = RetryPolicy(self._pause)
        while True:
            begun = time.monotonic()
            try:
                response = self._http.request(
                    method,
                    self.url + path,
                    params=query,
                    json=body,
                    headers=headers,
                    timeout=self._timeout_s,
                    stream=is_streamed,
                    # A redirect would carry the token to a host that nobody named.
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                if (headers or {}).get(KEY_HEADER) and retry.should_retry_error(error):
                    continue
                raise _unreachable(self.url, error, time.monotonic() - begun) from error
            if not retry.should_retry(response):
                break
        if response.is_redirect:
            raise Failure(
                f"{self.url} answers with a redirect to {response.headers['Location']}",
                Exit.UNREACHABLE,
                next_step="give the final address with --url, QM_URL or the profile",
            )
        if not response.ok:
            raise _refused(response, target, self.url)
        return response


class _Bearer(AuthBase):
    """Sends the token; set as `auth` so that a ~/.netrc entry cannot replace it."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def open_api(invocation: Invocation) -> Api:
    """Return the service that this call is for."""
    return Api(resolve_connection(invocation, read_client_settings()))


def path_of(collection: str, target: Target, *rest: str) -> str:
    """Return the path of the target below /api/v1; its name is always one segment.

    :raises Failure: the name is empty or a dot segment, which every HTTP client folds away.
    """
    if target.name in {"", ".", ".."}:
        raise Failure(
            f"{target.noun} {target.name!r}: invalid name",
            Exit.NOT_FOUND,
            next_step=f"see what there is with `qm {target.noun} list`",
        )
    return "/".join(["/api/v1", collection, quote(target.name, safe=""), *rest])


def field_errors_of(problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the field errors of a problem document."""
    field_errors = problem.get("errors")
    return (
        [field_error for field_error in field_errors if isinstance(field_error, dict)]
        if isinstance(field_errors, list)
        else []
    )


def describe_more_errors(problem: Mapping[str, Any]) -> list[str]:
    """Return a line with the number of field errors that a problem document left out, if any."""
    more = problem.get("more_errors")
    return [f"… and {more} more"] if isinstance(more, int) else []


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _parsed(response: requests.Response, url: str) -> Any:  # noqa: ANN401 (JSON)
    try:
        return response.json()
    except ValueError as error:
        raise Failure(
            f"{url} answers, but not with JSON ({response.headers.get('Content-Type', 'no type')})",
            Exit.UNREACHABLE,
            next_step="check that the address is the one of Quartermaster's service",
        ) from error


def _unreachable(url: str, error: requests.RequestException, waited_s: float) -> Failure:
    is_without_tls = False
    if isinstance(error, requests.Timeout):
        reason = f"no answer within {waited_s:.0f} s"
        # A server of plain HTTP waits in silence for the rest of what is a TLS greeting.
        is_without_tls = url.startswith("https:")
    elif isinstance(error, requests.exceptions.SSLError):
        is_without_tls = "certificate" not in str(error).lower()
        reason = "it does not speak TLS" if is_without_tls else "its certificate is not trusted"
    elif isinstance(error, requests.ConnectionError):
        reason = "the connection was refused or lost, or the name is unknown"
    else:
        reason = str(error)
    step = "start it with `qm serve`, or name another with --url, QM_URL or --profile"
    if is_without_tls:
        step = "if it speaks plain HTTP, write http:// instead of https://"
    return Failure(
        f"the service at {url} is not reachable: {reason}", Exit.UNREACHABLE, next_step=step
    )


def _refused(response: requests.Response, target: Target, url: str) -> Failure:
    status = response.status_code
    problem = _problem(response)
    title = problem.get("detail") or problem.get("title") or response.reason
    has_step = bool(problem.get("detail")) and status != requests.codes.unauthorized
    if status == requests.codes.unauthorized and "Authorization" not in response.request.headers:
        # The service speaks of a header, which a person cannot send.
        title = "this needs a token, and there is none to send"
    lines = [f"{target}: {title} ({status} from {url})"]
    lines += [
        f"  {option_of(str(field_error.get('field', '?')))}: {field_error.get('reason', '')}"
        for field_error in field_errors_of(problem)
    ]
    lines += describe_more_errors(problem)
    return Failure(
        "\n".join(lines),
        CODE_OF_STATUS.get(status, Exit.FAILED),
        # The service's own details name the next step already.
        next_step="" if has_step else _next_step(status, target),
        problem=problem,
    )


def _problem(response: requests.Response) -> dict[str, Any]:
    """Return the problem document (RFC 9457), or an empty one when a proxy answered instead."""
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _next_step(status: int, target: Target) -> str:
    steps = {
        401: "put a token into QM_TOKEN, or as `token` into ~/.config/quartermaster/config.ini (or "
        "QM_CONFIG). `qm init --save-profile` makes the first one beside the database; somebody "
        "with the role admin makes further ones with `qm token create NAME`",
        403: "see what you may do with `qm whoami`; an admin grants more with `qm account grant`",
        404: f"see what there is with `qm {target.noun} list`",
        409: f"look at what is there with `qm {target.noun} list`, then decide again",
        412: "somebody changed it meanwhile: look at it again and repeat the command",
        429: "wait a moment and repeat the command",
    }
    if status in steps:
        return steps[status]
    if status >= requests.codes.server_error:
        return "look into the service's log, then repeat the command"
    return "correct what is named above and repeat the command"

# SPDX-License-Identifier: Apache-2.0
"""When `qm` sends a request again, and how long it waits before: limits and growing pauses.

Not urllib3's Retry: docs/decisions/0017-own-retries-of-the-client.md.
"""

import time
from collections.abc import Callable

import click
import requests

from inventory_service.cli.client.invocation import wants_json

MAX_REPEATS = 3
#: The first pause; each further one is twice as long, or as long as the service asks for.
FIRST_PAUSE_S = 1
#: All pauses of one request together; the limits of the service count by the minute.
MAX_WAIT_S = 60
#: 429 refuses before anything is done; after 503 it may have been done, so that only this is sent
#: again.
IDEMPOTENT = frozenset({"GET", "PATCH"})
#: Makes the service act once on requests that have the same one.
KEY_HEADER = "Idempotency-Key"
_BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
#: What another try would not change.
_FINAL = (requests.Timeout, requests.exceptions.SSLError)
_LIMITED = requests.codes.too_many_requests


class RetryPolicy:
    """The repeats of one request; each pause is announced at the terminal."""

    def __init__(self, pause: Callable[[float], object] = time.sleep) -> None:
        self._pause = pause
        self._repeats = 0
        self._waited_s = 0

    def should_retry(self, response: requests.Response) -> bool:
        """Return whether to send the request again, after the pause that the response asks for."""
        asked = response.headers.get("Retry-After", "")
        if not _may_be_repeated(response) or not (asked.isascii() and asked.isdigit()):
            return False
        reason = "has been asked too often" if response.status_code == _LIMITED else "is busy"
        return self._wait(f"The service {reason}", int(asked))

    def should_retry_error(self, error: requests.RequestException) -> bool:
        """Return whether to send a request with a key again, after a pause.

        Nobody knows whether it was acted on before its answer was lost; the key makes that safe.
        """
        is_broken = isinstance(error, _BROKEN) and not isinstance(error, _FINAL)
        return is_broken and self._wait("The connection broke")

    def _wait(self, reason: str, asked_s: int = 0) -> bool:
        """Pause and return True, unless a limit is reached."""
        wait_s = max(asked_s, FIRST_PAUSE_S * 2**self._repeats)
        if self._repeats == MAX_REPEATS or self._waited_s + wait_s > MAX_WAIT_S:
            return False
        self._repeats += 1
        self._waited_s += wait_s
        if not wants_json():
            click.echo(f"{reason}; trying again in {wait_s} s.", err=True)
        self._pause(wait_s)
        return True


def _may_be_repeated(response: requests.Response) -> bool:
    request = response.request
    return response.status_code == _LIMITED or (
        response.status_code == requests.codes.service_unavailable
        and (request.method in IDEMPOTENT or KEY_HEADER in request.headers)
    )

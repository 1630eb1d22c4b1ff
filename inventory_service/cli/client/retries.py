# SPDX-License-Identifier: Apache-2.0
"""How long one request of `qm` waits for a service that asks to come again later."""

import time
from collections.abc import Callable

import click
import requests

from inventory_service.cli.client.invocation import wants_json

MAX_REPEATS = 3
#: All waits of one request together; the limits of the service count by the minute.
MAX_WAIT_S = 60
#: 429 refuses before anything is done; after 503 it may have been done, so that only this is sent
#: again.
IDEMPOTENT = frozenset({"GET", "PATCH"})
#: Tells the service that a request which it has answered already is the same one.
KEY_HEADER = "Idempotency-Key"
_BREAK_S = 1
_BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
#: What another try would not change.
_ENDS = (requests.Timeout, requests.exceptions.SSLError)
_LIMITED = requests.codes.too_many_requests


class RetryPolicy:
    """The waits of one request; each is told to the person at the terminal."""

    def __init__(self, pause: Callable[[float], object] = time.sleep) -> None:
        self._pause = pause
        self._repeats_left = MAX_REPEATS
        self._wait_left_s = MAX_WAIT_S

    def should_retry(self, response: requests.Response) -> bool:
        """Wait as the answer asks, and tell whether to send the request again."""
        stated = response.headers.get("Retry-After", "")
        if not _may_be_repeated(response) or not (stated.isascii() and stated.isdigit()):
            return False
        wait_s = max(1, int(stated))
        if wait_s > self._wait_left_s or self._repeats_left == 0:
            return False
        self._wait_left_s -= wait_s
        self._repeats_left -= 1
        if not wants_json():
            reason = "has been asked too often" if response.status_code == _LIMITED else "is busy"
            click.echo(f"The service {reason}; trying again in {wait_s} s.", err=True)
        self._pause(wait_s)
        return True

    def waits_after(self, error: requests.RequestException) -> bool:
        """Wait a moment after a connection broke, and tell whether to send a request with a key.

        Nobody knows whether it was acted on before its answer was lost; the key makes that good.
        """
        is_broken = isinstance(error, _BROKEN) and not isinstance(error, _ENDS)
        if not is_broken or self._repeats_left == 0:
            return False
        self._repeats_left -= 1
        if not wants_json():
            click.echo(f"The connection broke; trying again in {_BREAK_S} s.", err=True)
        self._pause(_BREAK_S)
        return True


def _may_be_repeated(response: requests.Response) -> bool:
    request = response.request
    return response.status_code == _LIMITED or (
        response.status_code == requests.codes.service_unavailable
        and (request.method in IDEMPOTENT or KEY_HEADER in request.headers)
    )

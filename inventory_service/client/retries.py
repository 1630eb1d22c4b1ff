# SPDX-License-Identifier: Apache-2.0
"""When a request is sent again, and how long the client waits before: limits and growing pauses.

Not urllib3's Retry: docs/decisions/0017-own-retries-of-the-client.md.
"""

import http
import ssl
import time
import urllib.error
from collections.abc import Callable

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
#: What another try would not change.
_FINAL = (TimeoutError, ssl.SSLError)

Notice = Callable[[str], object]


def ignore(_notice: str) -> None:
    """Take a notice, and print nothing."""


class RetryPolicy:
    """The repeats of one request; each pause is announced by ``notice``."""

    def __init__(
        self,
        *,
        is_repeatable: bool,
        pause: Callable[[float], object] = time.sleep,
        notice: Notice = ignore,
    ) -> None:
        """Take whether the request acts once, even if it is sent twice."""
        self._is_repeatable = is_repeatable
        self._pause = pause
        self._notice = notice
        self._repeats = 0
        self._waited_s = 0

    def should_retry(self, status: int, retry_after: str) -> bool:
        """Return whether to send the request again, after the pause that the answer asks for."""
        is_limited = status == http.HTTPStatus.TOO_MANY_REQUESTS
        is_busy = status == http.HTTPStatus.SERVICE_UNAVAILABLE and self._is_repeatable
        if not (is_limited or is_busy) or not (retry_after.isascii() and retry_after.isdigit()):
            return False
        reason = "has been asked too often" if is_limited else "is busy"
        return self._wait(f"The service {reason}", int(retry_after))

    def should_retry_error(self, error: Exception) -> bool:
        """Return whether to send a request again whose connection failed, after a pause.

        Nobody knows whether it was acted on before its answer was lost; a key makes that safe.
        """
        return not isinstance(reason_of(error), _FINAL) and self._wait("The connection broke")

    def _wait(self, reason: str, asked_s: int = 0) -> bool:
        """Pause and return True, unless a limit is reached."""
        wait_s = max(asked_s, FIRST_PAUSE_S * 2**self._repeats)
        if self._repeats == MAX_REPEATS or self._waited_s + wait_s > MAX_WAIT_S:
            return False
        self._repeats += 1
        self._waited_s += wait_s
        self._notice(f"{reason}; trying again in {wait_s} s.")
        self._pause(wait_s)
        return True


def reason_of(error: Exception) -> object:
    """Return what is behind an error of `urllib`."""
    return error.reason if isinstance(error, urllib.error.URLError) else error

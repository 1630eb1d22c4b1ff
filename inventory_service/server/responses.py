# SPDX-License-Identifier: Apache-2.0
"""Answers: the application's, and those to requests that it never sees."""

import json

import structlog
from waitress.task import ErrorTask, WSGITask  # type: ignore[import-untyped] # ships no types
from waitress.utilities import (  # type: ignore[import-untyped] # as above
    Error,
    RequestEntityTooLarge,
)

from inventory_service.server.requests import Request

_log = structlog.get_logger(__name__)


class RequestTimeout(Error):  # type: ignore[misc] # waitress ships no types
    """The request did not arrive in time."""

    code = 408
    reason = "Request Timeout"


class ServiceUnavailable(Error):  # type: ignore[misc] # waitress ships no types
    """The service holds as many bytes for its clients as it may."""

    code = 503
    reason = "Service Unavailable"


class ApplicationTask(WSGITask):  # type: ignore[misc] # waitress ships no types
    """Lets the application answer; a process that stops closes each connection afterwards."""

    _stays_open = False

    def build_response_header(self) -> bytes:
        """Return the head of the answer."""
        if not self.channel.server.accepting:
            self.set_close_on_finish()
        asks_to_close = self.request.headers.get("CONNECTION", "").lower() == "close"
        # waitress ends the connection after 204 and 304, which have no length; HTTP/1.1 does not.
        self._stays_open = (
            self.version == "1.1"
            and not self.has_body
            and not self.close_on_finish
            and not asks_to_close
        )
        head: bytes = super().build_response_header()
        self._stays_open = False
        return head

    def set_close_on_finish(self) -> None:
        """End the connection after this answer."""
        if not self._stays_open:
            super().set_close_on_finish()


class RefusalTask(ErrorTask):  # type: ignore[misc] # waitress ships no types
    """Answers a malformed request with a problem document, as the application does."""

    def execute(self) -> None:
        """Write the answer, after which the connection ends."""
        error = self.request.error
        problem = {
            "type": f"urn:quartermaster:problem:{error.reason.title().replace(' ', '')}",
            "title": error.reason,
            "status": error.code,
            "detail": str(error.body),
        }
        body = json.dumps(problem).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        self.content_length = len(body)
        self.set_close_on_finish()
        self.write(body)
        # The thread still has the log context of the request that it answered before.
        structlog.contextvars.clear_contextvars()
        _log.info(
            "request refused",
            status=error.code,
            reason=str(error.body),
            address=str(self.channel.addr[0]),
        )


def refuse(channel: object, request: Request) -> ErrorTask | WSGITask:
    """Return the task that answers a request with an error.

    A body that is too large is for the application to refuse, by the head: it also checks who asks,
    and counts, logs and records the refusal.
    """
    if not isinstance(request.error, RequestEntityTooLarge):
        return RefusalTask(channel, request)
    if request.chunked:
        request.headers["CONTENT_LENGTH"] = str(request.body_bytes_received)
    # The rest of the body is not read, so that no next request could be found.
    request.headers["CONNECTION"] = "close"
    return ApplicationTask(channel, request)

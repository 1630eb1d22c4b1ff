# SPDX-License-Identifier: Apache-2.0
"""One log line for each request, and the id that its log lines and its answer share."""

import re
import time
import uuid

import structlog
from flask import Response, g, request
from flask_openapi3 import OpenAPI

from inventory_service.http.auth import find_caller

_log = structlog.get_logger(__name__)
_HEADER = "X-Request-Id"
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}\Z")
_FAULT = 500


def init_app(app: OpenAPI) -> None:
    """Register the hooks that give each request an id and log its answer."""

    @app.before_request
    def _begin() -> None:
        g.started = time.perf_counter()
        given = request.headers.get(_HEADER, "")
        g.request_id = given if _ID.match(given) else uuid.uuid4().hex
        # Threads are reused: remove the context of the last request.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def _end(response: Response) -> Response:
        response.headers[_HEADER] = g.request_id
        actor = find_caller()
        # The query is left out: people put secrets there.
        _get_logger(response)(
            "request",
            method=request.method,
            path=request.path,
            route=request.url_rule.rule if request.url_rule else None,
            status=response.status_code,
            duration_ms=round((time.perf_counter() - g.started) * 1000, 1),
            bytes=_count_bytes(response),
            address=request.remote_addr,
            actor=actor.account if actor else None,
            door=actor.channel.value if actor else None,
        )
        return response


def _count_bytes(response: Response) -> int | None:
    """Return the size of the answer, or None for a stream of unknown length."""
    return response.calculate_content_length() if response.is_sequence else response.content_length


def _get_logger(response: Response) -> structlog.typing.WrappedLogger:
    """Return the log method for the answer: error for 5xx, debug for successful probes."""
    if response.status_code >= _FAULT:
        return _log.error
    return _log.debug if request.path.startswith("/health/") else _log.info

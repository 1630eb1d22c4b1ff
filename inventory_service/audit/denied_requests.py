# SPDX-License-Identifier: Apache-2.0
"""Audit records of denied requests: who was refused, and why."""

import structlog
from flask import Response, current_app, g, request
from flask_openapi3 import OpenAPI

from inventory_service.audit.usecases import record_denial
from inventory_service.core.actors import Actor, Scope
from inventory_service.core.errors import ServiceError
from inventory_service.core.retention import SMALL_BATCH, prune_expired
from inventory_service.http.auth import find_caller
from inventory_service.http.dependencies import get_database, get_dependencies

_log = structlog.get_logger(__name__)
#: 401 and 403 are recorded for every request, the others only for requests that change something.
_OF_CALLERS = frozenset({401, 403})
_OF_ACTS = frozenset({400, 404, 409, 412, 413, 415, 422})


def init_app(app: OpenAPI) -> None:
    """Record each denied change, each insufficient scope, and each expired or revoked token.

    Requests without a token of ours are only in the request log: each record would cost a write and
    have no actor. So are those over a rate limit (429): their records could fill the disk.
    """

    @app.after_request
    def _note(response: Response) -> Response:
        if _is_recorded(response.status_code):
            caller = find_caller()
            if caller is not None:
                _record(caller, response)
        return response


def _is_recorded(status: int) -> bool:
    return status in _OF_CALLERS or (status in _OF_ACTS and _is_act())


def _is_act() -> bool:
    """Return whether the request would change something: it needs more than the scope viewer."""
    if request.method in {"GET", "HEAD"}:
        return False
    view = current_app.view_functions.get(request.endpoint or "")
    needed = getattr(view, "required_scope", None)
    return needed is None or needed[0] is not Scope.VIEWER


def _record(caller: Actor, response: Response) -> None:
    problem = response.get_json(silent=True) or {}
    # The answer of 401 does not name what ended a token.
    why = g.unauthorized.why if "unauthorized" in g else problem.get("detail", "")
    try:
        with get_database().writing() as session:
            record_denial(
                session,
                caller,
                f"{request.method} {request.path}",
                status=response.status_code,
                reason=str(why),
            )
            prune_expired(session, get_dependencies().settings.audit_retention, limit=SMALL_BATCH)
    except ServiceError as refusal:
        # A busy database must not replace the answer by another one.
        _log.error("denied request could not be recorded", path=request.path, detail=refusal.detail)

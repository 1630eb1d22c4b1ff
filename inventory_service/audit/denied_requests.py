# SPDX-License-Identifier: Apache-2.0
"""Refusals stand in the audit too: who was not let, and why."""

import structlog
from flask import Response, current_app, g, request
from flask_openapi3 import OpenAPI

from inventory_service.audit.usecases import note_refusal
from inventory_service.core.actors import Actor, Scope
from inventory_service.core.errors import ServiceError
from inventory_service.core.retention import SMALL_BATCH, prune_expired
from inventory_service.http.auth import find_caller
from inventory_service.http.dependencies import get_database, get_dependencies

_log = structlog.get_logger(__name__)
#: Who may not, or may no more, is recorded whatever was asked; of the rest, what was to be done.
_OF_CALLERS = frozenset({401, 403})
_OF_ACTS = frozenset({400, 404, 409, 412, 413, 415, 422})


def init_app(app: OpenAPI) -> None:
    """Record each refusal of an act, of a scope, and of a token that has ended.

    Strangers stand in the log of requests only: each of their tries would cost a write, and has no
    name to be recorded under. So does what is one too many (429), whoever sends it: the records
    would be a way to fill the disk.
    """

    @app.after_request
    def _note(response: Response) -> Response:
        if _is_worth_it(response.status_code):
            caller = find_caller()
            if caller is not None:
                _record(caller, response)
        return response


def _is_worth_it(status: int) -> bool:
    return status in _OF_CALLERS or (status in _OF_ACTS and _is_act())


def _is_act() -> bool:
    """Return whether the request would change something; what a viewer may send does not."""
    if request.method in {"GET", "HEAD"}:
        return False
    view = current_app.view_functions.get(request.endpoint or "")
    needed = getattr(view, "required_scope", None)
    return needed is None or needed[0] is not Scope.VIEWER


def _record(caller: Actor, response: Response) -> None:
    problem = response.get_json(silent=True) or {}
    # The answer of 401 does not tell what ended a token.
    why = g.unauthorized.why if "unauthorized" in g else problem.get("detail", "")
    try:
        with get_database().writing() as session:
            note_refusal(
                session,
                caller,
                f"{request.method} {request.path}",
                status=response.status_code,
                reason=str(why),
            )
            prune_expired(session, get_dependencies().settings.audit_retention, limit=SMALL_BATCH)
    except ServiceError as refusal:
        # The answer stands; a database that is busy must not turn it into another one.
        _log.error("a refusal could not be recorded", path=request.path, detail=refusal.detail)

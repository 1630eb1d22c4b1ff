# SPDX-License-Identifier: Apache-2.0
"""Refusals stand in the audit too: who was not let, and why."""

import structlog
from flask import Response, current_app, g, request
from flask_openapi3 import OpenAPI

from inventory_service.api.parts import get_database, get_parts
from inventory_service.domain.actors import Scope
from inventory_service.domain.errors import Refusal
from inventory_service.usecases.audit import note_refusal
from inventory_service.usecases.retention import SMALL_BATCH, forget

_log = structlog.get_logger(__name__)
_RECORDED = frozenset({400, 403, 409, 412, 413, 415, 422})


def register(app: OpenAPI) -> None:
    """Record each refusal of an act, and each of a scope, of somebody who has a token.

    Strangers stand in the log of requests only: each of their tries would cost a write, and has no
    name to be recorded under.
    """

    @app.after_request
    def _note(response: Response) -> Response:
        if response.status_code in _RECORDED and "actor" in g and _is_worth_it(response):
            _record(response)
        return response


def _is_worth_it(response: Response) -> bool:
    return response.status_code == 403 or _is_act()  # noqa: PLR2004 - HTTP's own number


def _is_act() -> bool:
    """Tell whether the request would change something; what a viewer may send does not."""
    if request.method in {"GET", "HEAD"}:
        return False
    view = current_app.view_functions.get(request.endpoint or "")
    needed = getattr(view, "needs", None)
    return needed is None or needed[0] is not Scope.VIEWER


def _record(response: Response) -> None:
    problem = response.get_json(silent=True) or {}
    try:
        with get_database().writing() as session:
            note_refusal(
                session,
                g.actor,
                f"{request.method} {request.path}",
                status=response.status_code,
                reason=str(problem.get("detail", "")),
            )
            forget(session, get_parts().settings.audit_retention, limit=SMALL_BATCH)
    except Refusal as refusal:
        # The answer stands; a database that is busy must not turn it into another one.
        _log.error("a refusal could not be recorded", path=request.path, detail=refusal.detail)

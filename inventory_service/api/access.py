# SPDX-License-Identifier: Apache-2.0
"""Who may call what: each view says which scope it needs, and this is checked before it runs."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, g, request
from flask_openapi3 import OpenAPI
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from inventory_service.api.parts import get_database, get_parts
from inventory_service.domain.actors import ANONYMOUS, Actor, Door, Scope
from inventory_service.domain.errors import NotAllowed, NotAuthenticated, NotFound
from inventory_service.usecases.tokens import authenticate

View = TypeVar("View", bound=Callable[..., Any])
SECURITY = [{"token": list[str]()}]
_DOOR_HEADER = "X-Quartermaster-Door"


def needs(scope: Scope, *, anonymous: bool = False) -> Callable[[View], View]:
    """Say which scope a view needs; ``anonymous`` ones serve strangers where that is set."""

    def mark(view: View) -> View:
        view.needs = (scope, anonymous)  # type: ignore[attr-defined] # a mark that register() reads
        return view

    return mark


def public(view: View) -> View:
    """Say that a view answers anybody."""
    view.needs = None  # type: ignore[attr-defined] # a mark that register() reads
    return view


def register(app: OpenAPI) -> None:
    """Check each request before its view, and its body's form with it."""
    app.before_request(_check_access)
    app.before_request(_check_body)


def _check_access() -> None:
    if "\x00" in request.path:
        # No name holds it, and PostgreSQL's text can't.
        raise NotFound("There is nothing at this path.")
    view = current_app.view_functions.get(request.endpoint or "")
    needed = getattr(view, "needs", None)
    if needed is None:
        return
    scope, anonymous = needed
    actor = _find_actor()
    if actor is None:
        if anonymous and get_parts().settings.anonymous_read:
            actor = Actor(ANONYMOUS, _read_door(), Scope.VIEWER)
        else:
            raise NotAuthenticated(
                "This needs a token: send the header 'Authorization: Bearer qm_…'. `qm token "
                "create` makes one."
            )
    g.actor = actor
    if not actor.scope.covers(scope):
        raise NotAllowed(
            f"Token '{actor.name}' has the scope {actor.scope}, and this needs {scope}. Ask "
            "somebody with the scope admin for another token."
        )


def _find_actor() -> Actor | None:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        return None
    if kind.lower() != "bearer":
        raise NotAuthenticated("Only 'Authorization: Bearer qm_…' is understood here.")
    with get_database().reading() as session:
        return authenticate(session, text.strip(), _read_door())


def _read_door() -> Door:
    name = request.headers.get(_DOOR_HEADER, Door.API.value)
    return Door(name) if name in list(Door) else Door.API


def _check_body() -> None:
    if request.method not in {"POST", "PATCH", "PUT"} or request.routing_exception is not None:
        return
    if not request.is_json and request.path.endswith("/heartbeat"):
        return  # says all it has to say by its path
    if not request.is_json:
        raise UnsupportedMediaType("The body must be JSON: send 'Content-Type: application/json'.")
    if not isinstance(request.get_json(silent=True), dict):
        raise BadRequest("The body is not a JSON object in UTF-8.")

# SPDX-License-Identifier: Apache-2.0
"""Who may call what: each view says which scope it needs, and this is checked before it runs."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, request
from flask_openapi3 import OpenAPI
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from inventory_service.core.actors import ANONYMOUS, Actor, Door, Scope
from inventory_service.core.errors import BadInput, NotAllowed, NotAuthenticated, NotFound
from inventory_service.core.json_numbers import find_unfit, read_json
from inventory_service.http.dependencies import get_parts
from inventory_service.identity.usecases import authenticate

View = TypeVar("View", bound=Callable[..., Any])
SECURITY = [{"token": list[str]()}]
#: Endpoints of flask-openapi3's and Flask's own: the page that shows the API, and its files.
_PAGE = ("static", "openapi.", "swagger.")
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


def register_callers(app: OpenAPI) -> None:
    """Find out who makes each request, before anything is decided about it."""
    app.before_request(_note_caller)


def register(app: OpenAPI) -> None:
    """Check each request before its view, and its body's form with it."""
    app.before_request(_check_access)
    app.before_request(_check_body)


def check_marks(app: OpenAPI) -> None:
    """Let an application pass whose views all say what they need; one without would be open to all.

    :raises RuntimeError: a view says nothing.
    """
    silent = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if not hasattr(app.view_functions[rule.endpoint], "needs")
        and not rule.endpoint.startswith(_PAGE)
    ]
    if silent:
        raise RuntimeError(f"mark with @needs or @public: {', '.join(silent)}")


def has_account() -> bool:
    """Tell whether this request showed a valid token."""
    return bool(g.get("has_account"))


def find_caller() -> Actor | None:
    """Return whose token this request showed, for records: one that has ended has a name, too."""
    if "not_authenticated" in g:
        return cast("NotAuthenticated", g.not_authenticated).ended
    return cast("Actor | None", g.get("actor"))


def _note_caller() -> None:
    if get_needed(current_app, request.endpoint) is None:
        return
    try:
        actor = _find_actor()
    except NotAuthenticated as refusal:
        # Said by _check_access, once it is clear that this request is not one too many.
        g.not_authenticated = refusal
    else:
        if actor is not None:
            g.actor, g.has_account = actor, True


def _check_access() -> None:
    if "\x00" in request.path:
        # No name holds it, and PostgreSQL's text can't.
        raise NotFound("There is nothing at this path.")
    needed = get_needed(current_app, request.endpoint)
    if needed is None:
        return
    if "not_authenticated" in g:
        raise g.not_authenticated
    scope, anonymous = needed
    if "actor" not in g:
        if not anonymous or not get_parts().settings.anonymous_read:
            raise NotAuthenticated(
                "This needs a token: send the header 'Authorization: Bearer qm_…'. `qm token "
                "create` makes one."
            )
        g.actor = Actor(ANONYMOUS, _read_door(), Scope.VIEWER)
    if not g.actor.scope.covers(scope):
        raise NotAllowed(
            f"Token '{g.actor.name}' has the scope {g.actor.scope}, and this needs {scope}. Ask "
            "somebody with the scope admin for another token."
        )


def get_needed(app: Flask, endpoint: str | None) -> tuple[Scope, bool] | None:
    """Return the scope that a view needs, and whether strangers may be served; None for public."""
    view = app.view_functions.get(endpoint or "")
    return cast("tuple[Scope, bool] | None", getattr(view, "needs", None))


def _find_actor() -> Actor | None:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        return None
    if kind.lower() != "bearer":
        raise NotAuthenticated("Only 'Authorization: Bearer qm_…' is understood here.")
    return authenticate(text.strip(), _read_door(), get_parts().tokens.find)


def _read_door() -> Door:
    name = request.headers.get(_DOOR_HEADER, Door.API.value)
    return Door(name) if name in list(Door) else Door.API


def _check_body() -> None:
    if request.method not in {"POST", "PATCH", "PUT"} or request.routing_exception is not None:
        return
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # Before it is read: a packed body can be a thousand times as large as it looks.
        raise UnsupportedMediaType("The body must be sent as it is, without a Content-Encoding.")
    if not request.is_json and request.path.endswith("/heartbeat"):
        return  # says all it has to say by its path
    if not request.is_json:
        raise UnsupportedMediaType("The body must be JSON: send 'Content-Type: application/json'.")
    # Of chunks Werkzeug reads as many as are allowed, and takes that for the body.
    if request.content_length is None and len(request.get_data()) >= _get_most_bytes():
        raise RequestEntityTooLarge
    if not isinstance(request.get_json(silent=True), dict):
        raise _explain_body(request.get_data(as_text=True))


def _explain_body(text: str) -> Exception:
    """Return why a body was not understood: by its numbers, or else as a whole."""
    try:
        document = read_json(text)
    except (ValueError, RecursionError):
        document = None
    faults = [*find_unfit(document)] if isinstance(document, dict) else []
    if not faults:
        return BadRequest("The body is not a JSON object in UTF-8.")
    names = ", ".join(fault.field for fault in faults[:5])
    return BadInput(f"The request was not understood: see {names}.", faults=faults)


def _get_most_bytes() -> int:
    return get_parts().settings.max_body_bytes

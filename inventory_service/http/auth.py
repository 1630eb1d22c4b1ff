# SPDX-License-Identifier: Apache-2.0
"""Access control: each view declares the role that it needs; a hook checks it before the view."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, request
from flask_openapi3 import OpenAPI
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from inventory_service.core.actors import ANONYMOUS, Actor, Channel, Role, Scope
from inventory_service.core.errors import BadInput, Forbidden, NotFound, Unauthorized
from inventory_service.core.json_numbers import iter_invalid_numbers, read_json
from inventory_service.http.dependencies import get_dependencies

View = TypeVar("View", bound=Callable[..., Any])
SECURITY = [{"token": list[str]()}]
#: Endpoints of flask-openapi3's and Flask's own: the page that shows the API, and its files.
_PAGE = ("static", "openapi.", "swagger.")
_CHANNEL_HEADER = "X-Quartermaster-Door"
#: The channels that a client may declare; what the service does by itself is none of them.
_CLIENTS = frozenset({Channel.API, Channel.CLI, Channel.ANSIBLE})


def require_role(role: Role, *, anonymous: bool = False) -> Callable[[View], View]:
    """Declare the role that a view needs; ``anonymous`` views need none with QM_ANONYMOUS_READ."""

    def mark(view: View) -> View:
        view.required_role = (role, anonymous)  # type: ignore[attr-defined] # openapi.py and the checks read it
        return view

    return mark


def public(view: View) -> View:
    """Declare that a view needs no token."""
    view.required_role = None  # type: ignore[attr-defined] # openapi.py and the checks read it
    return view


def init_callers(app: OpenAPI) -> None:
    """Register the hook that identifies the caller of each request."""
    app.before_request(_note_caller)


def init_app(app: OpenAPI) -> None:
    """Register the hooks that check role and body before each view."""
    app.before_request(_check_access)
    app.before_request(_check_body)


def assert_all_views_guarded(app: OpenAPI) -> None:
    """Check that each view declares its role; one that does not would be open to everybody.

    :raises RuntimeError: a view declares none.
    """
    silent = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if not hasattr(app.view_functions[rule.endpoint], "required_role")
        and not rule.endpoint.startswith(_PAGE)
    ]
    if silent:
        raise RuntimeError(f"guard with @require_role or @public: {', '.join(silent)}")


def is_authenticated() -> bool:
    """Return whether this request has a valid token."""
    return bool(g.get("is_authenticated"))


def is_page(endpoint: str | None) -> bool:
    """Return whether an endpoint is of the page that shows the API."""
    return endpoint is not None and endpoint.startswith((*_PAGE, "_docs"))


def find_caller() -> Actor | None:
    """Return the actor of this request's token for logs, also of an expired or revoked one."""
    if "unauthorized" in g:
        return cast("Unauthorized", g.unauthorized).ended
    return cast("Actor | None", g.get("actor"))


def _note_caller() -> None:
    if get_needed(current_app, request.endpoint) is None:
        return
    try:
        actor = _find_actor()
    except Unauthorized as refusal:
        # _check_access raises it, after the rate limits have counted the request.
        g.unauthorized = refusal
    else:
        if actor is not None:
            g.actor, g.is_authenticated = actor, True


def _check_access() -> None:
    if "\x00" in request.path:
        # No name holds it, and PostgreSQL's text can't.
        raise NotFound("There is nothing at this path.")
    needed = get_needed(current_app, request.endpoint)
    if needed is None:
        return
    if "unauthorized" in g:
        raise g.unauthorized
    role, anonymous = needed
    if "actor" not in g:
        if not anonymous or not get_dependencies().settings.anonymous_read:
            raise Unauthorized(
                "This needs a token: send the header 'Authorization: Bearer qm_…'. `qm token "
                "create` makes one."
            )
        g.actor = Actor(ANONYMOUS, _read_channel(), Scope.VIEWER)
    if not g.actor.may(role, None):
        raise Forbidden(
            f"{g.actor.describe()}, and this needs {role} in all projects. Ask an admin for the "
            "role, or for a token of a wider scope; `qm whoami` shows what you have."
        )


def get_needed(app: Flask, endpoint: str | None) -> tuple[Role, bool] | None:
    """Return the role that a view needs and whether it may be anonymous; None if it is public."""
    view = app.view_functions.get(endpoint or "")
    return cast("tuple[Role, bool] | None", getattr(view, "required_role", None))


def _find_actor() -> Actor | None:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        return None
    if kind.lower() != "bearer":
        raise Unauthorized("Only 'Authorization: Bearer qm_…' is understood here.")
    return get_dependencies().authenticate(text.strip(), _read_channel())


def _read_channel() -> Channel:
    name = request.headers.get(_CHANNEL_HEADER, Channel.API.value)
    return Channel(name) if name in _CLIENTS else Channel.API


def _check_body() -> None:
    if request.method not in {"POST", "PATCH", "PUT"} or request.routing_exception is not None:
        return
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # Before it is read: a compressed body can grow a thousandfold.
        raise UnsupportedMediaType("The body must be sent as it is, without a Content-Encoding.")
    if not request.is_json and request.path.endswith("/heartbeat"):
        return  # its path holds all that it needs
    if not request.is_json:
        raise UnsupportedMediaType("The body must be JSON: send 'Content-Type: application/json'.")
    # Of chunks Werkzeug reads as many as are allowed, and takes that for the body.
    if request.content_length is None and len(request.get_data()) >= _get_most_bytes():
        raise RequestEntityTooLarge
    if not isinstance(request.get_json(silent=True), dict):
        raise _explain_body(request.get_data(as_text=True))


def _explain_body(text: str) -> Exception:
    """Return the error of a body that is no JSON object, or that holds invalid numbers."""
    try:
        document = read_json(text)
    except (ValueError, RecursionError):
        document = None
    field_errors = [*iter_invalid_numbers(document)] if isinstance(document, dict) else []
    if not field_errors:
        return BadRequest("The body is not a JSON object in UTF-8.")
    names = ", ".join(fault.field for fault in field_errors[:5])
    return BadInput(f"The request is invalid: see {names}.", field_errors=field_errors)


def _get_most_bytes() -> int:
    return get_dependencies().settings.max_body_bytes

# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 document of the API, and the page that shows it."""

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from flask import redirect
from flask_openapi3 import APIBlueprint, Info, OpenAPI
from werkzeug.wrappers import Response

from inventory_service.http.auth import public
from inventory_service.http.problems import MIMETYPE, STATUS, Problem, get_raises
from inventory_service.http.transactions import REVISION_HEADER

PREFIX = "/api/v1"
#: Errors of a request with a body before its view runs.
_BODY_ERRORS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
SECURITY_SCHEMES: dict[str, Any] = {"token": {"type": "http", "scheme": "bearer"}}


def get_version() -> str:
    """Return the version of the installed service."""
    return version("quartermaster")


def get_info() -> Info:
    """Return title, version and description for the OpenAPI document."""
    return Info(
        title="Quartermaster",
        version=get_version(),
        description="The inventory service: records the fleet, checks each change and logs it.",
    )


def register_routes(app: OpenAPI, blueprints: Iterable[APIBlueprint]) -> None:
    """Register blueprints, two of which may serve one path by different methods.

    flask-openapi3 would document the last one's operations only.
    """
    for blueprint in blueprints:
        known = {path: app.paths[path] for path in app.paths.keys() & blueprint.paths.keys()}
        app.register_api(blueprint)
        for path, item in known.items():
            added = app.paths[path]
            operations = {method: getattr(added, method) for method in added.model_fields_set}
            app.paths[path] = item.model_copy(update=operations)


def init_app(app: OpenAPI) -> None:
    """Add errors, headers and roles to the document, and redirect what people try to the page."""

    # Not strict: an empty path would be redirected to whatever Host the client named.
    @app.route("/", strict_slashes=False)
    @app.route(f"{PREFIX}/docs")
    @public
    def _docs() -> Response:
        return redirect(f"{PREFIX}/swagger")

    # flask-openapi3 has a page there that only names the other one.
    app.view_functions["openapi.openapi"] = _docs

    for path, method, operation, view in _list_operations(app):
        if not path.startswith(_OUTSIDE) and not path.endswith(_NO_CHANGE):
            for response in operation["responses"].values():
                response["headers"] = _HEADERS
        # The generator lists it for each operation.
        operation["responses"].pop("422", None)
        for status in sorted(_list_errors(path, method, operation, view)):
            operation["responses"][str(status.value)] = {
                "description": status.phrase,
                "content": {MIMETYPE: {"schema": _PROBLEM}},
            }
        needed = getattr(view, "required_role", None)
        if needed is not None:
            # OpenAPI 3.1 takes scopes for every kind of token.
            operation["security"] = [{"token": [needed[0].value]}]


def _list_operations(app: OpenAPI) -> Iterator[tuple[str, str, dict[str, Any], object]]:
    """Yield path, method, operation and view of each operation in the document."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        operations = app.api_doc["paths"].get(path, {})
        for method in (rule.methods or set()) & {name.upper() for name in operations}:
            yield path, method, operations[method.lower()], app.view_functions[rule.endpoint]


def _list_errors(
    path: str, method: str, operation: dict[str, Any], view: object
) -> set[HTTPStatus]:
    """Return the error statuses of an operation: declared ones, and those of its kind."""
    found = {STATUS[kind] for kind in get_raises(view)} | {HTTPStatus.INTERNAL_SERVER_ERROR}
    needed = getattr(view, "required_role", None)
    if needed is not None:
        found |= {
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
            HTTPStatus.SERVICE_UNAVAILABLE,
        }
        # Query parameters that it does not have: query_params.py.
        found.add(HTTPStatus.UNPROCESSABLE_ENTITY)
    if not path.startswith(_OUTSIDE):
        found.add(HTTPStatus.TOO_MANY_REQUESTS)
    if method in _WITH_BODY:
        found.update(_BODY_ERRORS)
    if operation.get("parameters") or "requestBody" in operation:
        found.add(HTTPStatus.UNPROCESSABLE_ENTITY)
    return found


_WITH_BODY = frozenset({"PATCH", "POST"})
#: Answers without a revision: the health of the service, and heartbeats, which do not change the
#: fleet and are written in batches.
_OUTSIDE = "/health/"
_NO_CHANGE = ("/heartbeat", "/heartbeats")
_HEADERS = {
    REVISION_HEADER: {
        "description": "the revision of the fleet that the answer shows",
        "schema": {"type": "integer", "minimum": 0},
        "required": True,
    }
}
_PROBLEM = {"$ref": f"#/components/schemas/{Problem.__name__}"}

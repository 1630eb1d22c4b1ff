# SPDX-License-Identifier: Apache-2.0
"""The API's own description: OpenAPI 3.1 from the code, and a page that shows it."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from flask import redirect
from flask_openapi3 import APIBlueprint, Info, OpenAPI
from werkzeug.wrappers import Response

from inventory_service.http.auth import get_needed, public
from inventory_service.http.problems import MIMETYPE, Problem
from inventory_service.http.transactions import REVISION_HEADER

PREFIX = "/api/v1"
#: How any route may refuse.
ERRORS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.GONE,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
SECURITY_SCHEMES: dict[str, Any] = {"token": {"type": "http", "scheme": "bearer"}}


def get_version() -> str:
    """Return the version of the installed service."""
    return version("quartermaster")


def get_info() -> Info:
    """Return the head of the OpenAPI document."""
    return Info(
        title="Quartermaster",
        version=get_version(),
        description="The inventory service: it knows the fleet, decides and records.",
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
    """Put right what the generator can't know, and lead /api/v1/docs to the page."""

    @app.route(f"{PREFIX}/docs")
    @public
    def _docs() -> Response:
        return redirect(f"{PREFIX}/swagger")

    for path, operations in app.api_doc["paths"].items():
        for operation in operations.values():
            if not path.startswith(_OUTSIDE) and not path.endswith(_NO_CHANGE):
                for response in operation["responses"].values():
                    response["headers"] = _HEADERS
            for status in ERRORS:
                operation["responses"][str(status.value)] = {
                    "description": status.phrase,
                    "content": {MIMETYPE: {"schema": _PROBLEM}},
                }
    _name_scopes(app)


def _name_scopes(app: OpenAPI) -> None:
    """Say of each operation which scope it needs, as OpenAPI 3.1 allows for every kind of token."""
    for rule in app.url_map.iter_rules():
        needed = get_needed(app, rule.endpoint)
        operations = app.api_doc["paths"].get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
        for method in (rule.methods or set()) & {name.upper() for name in operations}:
            if needed is not None:
                operations[method.lower()]["security"] = [{"token": [needed[0].value]}]


#: What tells nothing of the fleet: the health of the service, and heartbeats, which do not change
#: it and are written many at once.
_OUTSIDE = "/health/"
_NO_CHANGE = ("/heartbeat", "/heartbeats")
_HEADERS = {
    REVISION_HEADER: {
        "description": "the fleet's revision that the answer is from",
        "schema": {"type": "integer", "minimum": 0},
        "required": True,
    }
}
_PROBLEM = {"$ref": f"#/components/schemas/{Problem.__name__}"}

# SPDX-License-Identifier: Apache-2.0
"""Query parameters: unknown ones are refused."""

import functools
from typing import Any

from flask import current_app, request
from flask_openapi3 import OpenAPI
from pydantic import BaseModel, ConfigDict

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.http.auth import get_needed


class Query(BaseModel):
    """The query parameters of a route; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's signature
        """Return the schema; the plain one is made once.

        flask-openapi3 4.3 asks for it at each request (``_validate_query``), which cost a third of
        an answer from memory.
        """
        if args or options:
            return super().model_json_schema(*args, **options)
        return _make_schema(cls)


def init_app(app: OpenAPI) -> None:
    """Register the hook that refuses parameters where a route takes none."""
    app.before_request(_check_none)


def _check_none() -> None:
    """Refuse parameters of a view that declares none: who sends a filter expects less.

    Public views, such as the health checks, take what a load balancer adds.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if not request.args or get_needed(current_app, request.endpoint) is None:
        return
    if "query" not in getattr(view, "__annotations__", {}):
        raise BadInput(
            f"{request.path} has no query parameters. Send the request without them.",
            field_errors=[FieldError(name, "unknown query parameter") for name in request.args],
        )


@functools.cache
def _make_schema(query: type[Query]) -> dict[str, Any]:
    return super(Query, query).model_json_schema()

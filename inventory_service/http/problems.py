# SPDX-License-Identifier: Apache-2.0
"""Problem documents (RFC 9457): the answer to every error."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

import structlog
from flask import Response, request
from flask_openapi3 import OpenAPI
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

from inventory_service.core import errors
from inventory_service.http.responses import to_json

View = TypeVar("View", bound=Callable[..., Any])
_log = structlog.get_logger(__name__)
MIMETYPE = "application/problem+json"
RETRY_AFTER_S = 5

#: The status of each error class.
STATUS: dict[type[errors.ServiceError], HTTPStatus] = {
    errors.BadInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Exhausted: HTTPStatus.CONFLICT,
    errors.Gone: HTTPStatus.GONE,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

#: What clients match on keeps the name under which it was published.
_PUBLISHED_NAMES: dict[type[errors.ServiceError], str] = {
    errors.Unauthorized: "NotAuthenticated",
    errors.Forbidden: "NotAllowed",
    errors.Gone: "Forgotten",
    errors.PreconditionFailed: "Stale",
    errors.RateLimited: "LimitReached",
}

#: To list more of them takes seconds, and a kilobyte each.
_MOST_ERRORS = 100_000

_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this path. /api/v1/docs shows the paths there are.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than the setting QM_MAX_BODY_BYTES.",
}


class FieldErrorOut(BaseModel):
    """One invalid field of a request or file."""

    field: str
    reason: str
    line: int | None = Field(default=None, description="counted from 1; for files only")
    column: int | None = Field(default=None, description="counted from 1; for files only")


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = Field(description="the kind of error, as a URN")
    title: str
    status: int
    detail: str = Field(description="the resource, the reason and the next step")
    instance: str | None = Field(default=None, description="the path of the request")
    errors: list[FieldErrorOut] | None = Field(
        default=None, description=f"the first {errors.MAX_FIELD_ERRORS} invalid fields"
    )
    more_errors: int | None = Field(
        default=None, description="the number of further invalid fields; left out if there are none"
    )


def raises(*kinds: type[errors.ServiceError]) -> Callable[[View], View]:
    """Declare the errors of a view, beyond those that its scope, body and parameters imply.

    The OpenAPI document lists them for its operation.
    """

    def mark(view: View) -> View:
        view.raises = (*kinds, *get_raises(view))  # type: ignore[attr-defined] # openapi.py reads it
        return view

    return mark


def get_raises(view: object) -> tuple[type[errors.ServiceError], ...]:
    """Return the errors that ``raises`` declared for a view."""
    kinds: tuple[type[errors.ServiceError], ...] = getattr(view, "raises", ())
    return kinds


def init_app(app: OpenAPI) -> None:
    """Answer every error with a problem document."""
    app.register_error_handler(errors.ServiceError, problem_response)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_fault)


def raise_validation_problem(error: ValidationError) -> NoReturn:
    """Refuse a request whose fields do not fit the schema of the route.

    It raises, and returns no answer, because flask-openapi3 would keep that in an exception that
    the frames of the request hold. From there a way leads through ``error`` back to these frames,
    and inside pydantic-core the garbage collector does not follow it: none would ever be freed.

    :raises BadInput: always.
    """
    if error.error_count() > _MOST_ERRORS:
        reason = f"has {error.error_count()} errors, too many to list"
        field_errors = [errors.FieldError("body", reason)]
        detail = "The request is invalid in too many fields. Send one of its objects to see which."
        raise errors.BadInput(detail, field_errors=field_errors)
    field_errors = [
        errors.FieldError(".".join(map(str, found["loc"])) or "body", _clean(found["msg"]))
        for found in error.errors(include_url=False, include_input=False)
    ]
    names = ", ".join(sorted({fault.field for fault in field_errors})[:5])
    raise errors.BadInput(f"The request is invalid: see {names}.", field_errors=field_errors)


def get_problem_type(kind: type[errors.ServiceError]) -> str:
    """Return the last part of a problem's ``type``: ``urn:quartermaster:problem:<it>``."""
    return _PUBLISHED_NAMES.get(kind, kind.__name__)


def problem_response(refusal: errors.ServiceError) -> Response:
    """Return the answer to a service error, with the status of its class."""
    status = STATUS[type(refusal)]
    response = _make(
        status,
        get_problem_type(type(refusal)),
        refusal.detail,
        refusal.field_errors,
    )
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="quartermaster"'
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(refusal, errors.RateLimited):
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    return response


def _answer_http_error(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    detail = _DETAILS.get(status) or error.description or status.description
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        detail = f"{request.method} is not possible here; possible are {allowed}."
    response = _make(status, status.phrase.title().replace(" ", ""), detail)
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def _answer_fault(error: Exception) -> Response:
    # The process edge: an unexpected error is logged with its traceback, and answered without it.
    _log.error("request failed", path=request.path, method=request.method, exc_info=error)
    return _make(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Fault",
        "The service made a mistake; nothing was changed. Its log has the details.",
    )


def _make(
    status: HTTPStatus, kind: str, detail: str, field_errors: Sequence[errors.FieldError] = ()
) -> Response:
    problem: dict[str, object] = {
        "type": f"urn:quartermaster:problem:{kind}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "instance": request.path,
    }
    if field_errors:
        problem |= errors.list_field_errors(field_errors)
    return Response(to_json(problem), status=status.value, mimetype=MIMETYPE)


def _clean(message: str) -> str:
    return message.removeprefix("Value error, ")

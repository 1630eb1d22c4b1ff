# SPDX-License-Identifier: Apache-2.0
"""The errors that the service raises on purpose, one class for each reason.

The tree, with the HTTP status that ``http/problems.py`` answers::

    ServiceError
    ├── BadInput            422   a field of the request is invalid
    ├── Unauthorized        401   no valid token
    ├── Forbidden           403   the token's scope does not allow it
    ├── NotFound            404   no such resource
    ├── Conflict            409   the current state does not allow it
    │   └── Exhausted       409   no free address or port is left
    ├── Gone                410   the requested changes are not kept any more
    ├── PreconditionFailed  412   the resource has changed since it was read
    ├── RateLimited         429   too many requests in this minute
    └── Unavailable         503   the database does not answer or takes no changes
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from inventory_service.core.actors import Actor

#: How many field errors an answer lists: nobody corrects more at once, and each of 10,000 rows can
#: have a dozen.
MAX_FIELD_ERRORS = 50


@dataclass(frozen=True)
class FieldError:
    """One invalid field of an input, and why it is invalid.

    ``line`` and ``column`` count from 1 and are given for files only.
    """

    field: str
    reason: str
    line: int | None = None
    column: int | None = None

    def as_dict(self) -> dict[str, str | int]:
        """Return the error for JSON, without line and column where it has none."""
        return {key: value for key, value in asdict(self).items() if value is not None}


class ServiceError(Exception):
    """The request was refused; ``detail`` names the resource, the reason and the next step."""

    def __init__(self, detail: str, *, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field_errors = tuple(field_errors)

    def relocated(self, relocate: Callable[[FieldError], FieldError]) -> Self:
        """Return the error with its field errors mapped by ``relocate``, without duplicates."""
        return type(self)(
            self.detail, field_errors=tuple(dict.fromkeys(map(relocate, self.field_errors)))
        )


class BadInput(ServiceError):
    """A field of the request is missing or invalid; ``errors`` names it. Correct it and retry."""


class Unauthorized(ServiceError):
    """The request has no valid token. Send one that has not expired and is not revoked.

    ``ended`` is the actor of a token that was valid once, and ``why`` is, for the audit log, what
    ended it.
    """

    def __init__(self, detail: str, *, ended: Actor | None = None, why: str = "") -> None:
        super().__init__(detail)
        self.ended = ended
        self.why = why


class Forbidden(ServiceError):
    """The token's scope does not allow this. Use a token with the scope that ``detail`` names."""


class NotFound(ServiceError):
    """The resource does not exist. Check its name."""


class Conflict(ServiceError):
    """The current records do not allow this change. Fetch the resource and decide again."""


class Exhausted(Conflict):
    """The range has no free address or port left. Use a wider range or another one."""


class Gone(ServiceError):
    """The requested changes are not kept any more. Read the whole fleet again."""


class PreconditionFailed(ServiceError):
    """The resource has changed since the revision in If-Match. Fetch it again and retry."""


class ErrorCollector:
    """The field errors of all parts of one act, so that one answer lists them together.

    ``kind`` is the error to raise for the whole: BadInput if any part is invalid, else Conflict.
    """

    def __init__(self) -> None:
        self.field_errors: list[FieldError] = []
        self.kind: type[ServiceError] = Conflict

    def note(self, refusal: ServiceError) -> None:
        """Add the field errors of one part; an error without any is raised again."""
        if not refusal.field_errors:
            raise refusal
        self.field_errors.extend(refusal.field_errors)
        if isinstance(refusal, BadInput):
            self.kind = BadInput


class RateLimited(ServiceError):
    """The caller has sent too many requests in this minute. Retry after ``Retry-After`` seconds."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(ServiceError):
    """The database does not answer or takes no changes. Retry after ``Retry-After`` seconds."""


def list_field_errors(field_errors: Sequence[FieldError]) -> dict[str, Any]:
    """Return a problem document's ``errors``, and ``more_errors`` where there are too many."""
    listed: dict[str, Any] = {
        "errors": [fault.as_dict() for fault in field_errors[:MAX_FIELD_ERRORS]]
    }
    more = len(field_errors) - MAX_FIELD_ERRORS
    return listed | {"more_errors": more} if more > 0 else listed


def refuse_file(
    field_errors: Sequence[FieldError], kind: type[ServiceError] = BadInput
) -> ServiceError:
    """Return the error of a file with these field errors."""
    return kind(
        f"The file has {len(field_errors)} fault{'s' if len(field_errors) > 1 else ''}; nothing "
        "was changed. Mend what is named, and hand the file over again.",
        field_errors=field_errors,
    )

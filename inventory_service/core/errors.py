# SPDX-License-Identifier: Apache-2.0
"""Everything that is refused on purpose, one class a reason.

The tree, with the HTTP status that ``http/problems.py`` answers::

    ServiceError
    ├── BadInput            422   the request can't be understood as meant
    ├── Unauthorized        401   nobody knows who asks
    ├── Forbidden           403   the one who asks may not do this
    ├── NotFound            404   there is no such thing
    ├── Conflict            409   the thing is not in a state that allows this
    │   └── Exhausted       409   nothing is left to give out
    ├── Gone                410   it was kept once, and is not any more
    ├── PreconditionFailed  412   the thing has changed since it was read
    ├── RateLimited         429   whoever asks has used up what a minute allows
    └── Unavailable         503   the database does not answer now
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from inventory_service.core.actors import Actor

#: How many faults one answer names: nobody mends more at once, and each of 10,000 rows can have
#: a dozen.
MAX_FIELD_ERRORS = 50


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong in an input: where it stands, and why it was refused.

    ``line`` and ``column`` count from 1 and are given for files only.
    """

    field: str
    reason: str
    line: int | None = None
    column: int | None = None

    def as_dict(self) -> dict[str, str | int]:
        """Return the fault as JSON takes it, without the places that it does not have."""
        return {key: value for key, value in asdict(self).items() if value is not None}


class ServiceError(Exception):
    """Something was refused; the message names the thing, the reason and the next step."""

    def __init__(self, detail: str, *, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field_errors = tuple(field_errors)

    def relocated(self, relocate: Callable[[FieldError], FieldError]) -> Self:
        """Return the refusal with each fault where whoever asked will look for it, told once."""
        return type(self)(
            self.detail, field_errors=tuple(dict.fromkeys(map(relocate, self.field_errors)))
        )


class BadInput(ServiceError):
    """The request can't be understood as meant."""


class Unauthorized(ServiceError):
    """Nobody knows who asks.

    ``ended`` is whose token was shown, where it was good once, and ``why`` says for the records
    what ended it.
    """

    def __init__(self, detail: str, *, ended: Actor | None = None, why: str = "") -> None:
        super().__init__(detail)
        self.ended = ended
        self.why = why


class Forbidden(ServiceError):
    """The one who asks may not do this."""


class NotFound(ServiceError):
    """There is no such thing."""


class Conflict(ServiceError):
    """The thing is not in a state that allows this."""


class Exhausted(Conflict):
    """Nothing is left to give out."""


class Gone(ServiceError):
    """It was kept once, and is not any more."""


class PreconditionFailed(ServiceError):
    """The thing has changed since it was read."""


class ErrorCollector:
    """What is refused of the parts of one act, so that all of it is told at once.

    ``kind`` is that of the act: as long as one part can't be meant, it does not help to wait.
    """

    def __init__(self) -> None:
        self.field_errors: list[FieldError] = []
        self.kind: type[ServiceError] = Conflict

    def note(self, refusal: ServiceError) -> None:
        """Note what is refused of one part; what names no fault of that part is raised again."""
        if not refusal.field_errors:
            raise refusal
        self.field_errors.extend(refusal.field_errors)
        if isinstance(refusal, BadInput):
            self.kind = BadInput


class RateLimited(ServiceError):
    """Whoever asks has used up what a minute allows; the same request may succeed later."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(ServiceError):
    """The database does not answer now; the same request may succeed later."""


def list_field_errors(field_errors: Sequence[FieldError]) -> dict[str, Any]:
    """Return the members of a problem document that name faults: the first, and how many more."""
    listed: dict[str, Any] = {
        "errors": [fault.as_dict() for fault in field_errors[:MAX_FIELD_ERRORS]]
    }
    more = len(field_errors) - MAX_FIELD_ERRORS
    return listed | {"more_errors": more} if more > 0 else listed


def refuse_file(
    field_errors: Sequence[FieldError], kind: type[ServiceError] = BadInput
) -> ServiceError:
    """Return the refusal of a file for its faults, each of which has its place in it."""
    return kind(
        f"The file has {len(field_errors)} fault{'s' if len(field_errors) > 1 else ''}; nothing "
        "was changed. Mend what is named, and hand the file over again.",
        field_errors=field_errors,
    )

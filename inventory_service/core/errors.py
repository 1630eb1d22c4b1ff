# SPDX-License-Identifier: Apache-2.0
"""Everything that is refused on purpose, one class a reason.

The tree, with the HTTP status that ``http/problems.py`` answers::

    Refusal
    ├── BadInput            422   the request can't be understood as meant
    ├── NotAuthenticated    401   nobody knows who asks
    ├── NotAllowed          403   the one who asks may not do this
    ├── NotFound            404   there is no such thing
    ├── Conflict            409   the thing is not in a state that allows this
    │   └── Exhausted       409   nothing is left to give out
    ├── Forgotten           410   it was kept once, and is not any more
    ├── Stale               412   the thing has changed since it was read
    ├── LimitReached        429   whoever asks has used up what a minute allows
    └── Unavailable         503   the database does not answer now
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from inventory_service.core.actors import Actor

#: How many faults one answer names: nobody mends more at once, and each of 10,000 rows can have
#: a dozen.
MOST_FAULTS = 50


@dataclass(frozen=True)
class Fault:
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


class Refusal(Exception):
    """Something was refused; the message names the thing, the reason and the next step."""

    def __init__(self, detail: str, *, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)

    def placed(self, place: Callable[[Fault], Fault]) -> Self:
        """Return the refusal with each fault where whoever asked will look for it, told once."""
        return type(self)(self.detail, faults=tuple(dict.fromkeys(map(place, self.faults))))


class BadInput(Refusal):
    """The request can't be understood as meant."""


class NotAuthenticated(Refusal):
    """Nobody knows who asks.

    ``ended`` is whose token was shown, where it was good once, and ``why`` says for the records
    what ended it.
    """

    def __init__(self, detail: str, *, ended: Actor | None = None, why: str = "") -> None:
        super().__init__(detail)
        self.ended = ended
        self.why = why


class NotAllowed(Refusal):
    """The one who asks may not do this."""


class NotFound(Refusal):
    """There is no such thing."""


class Conflict(Refusal):
    """The thing is not in a state that allows this."""


class Exhausted(Conflict):
    """Nothing is left to give out."""


class Forgotten(Refusal):
    """It was kept once, and is not any more."""


class Stale(Refusal):
    """The thing has changed since it was read."""


class Refusals:
    """What is refused of the parts of one act, so that all of it is told at once.

    ``kind`` is that of the act: as long as one part can't be meant, it does not help to wait.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.kind: type[Refusal] = Conflict

    def note(self, refusal: Refusal) -> None:
        """Note what is refused of one part; what names no fault of that part is raised again."""
        if not refusal.faults:
            raise refusal
        self.faults.extend(refusal.faults)
        if isinstance(refusal, BadInput):
            self.kind = BadInput


class LimitReached(Refusal):
    """Whoever asks has used up what a minute allows; the same request may succeed later."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(Refusal):
    """The database does not answer now; the same request may succeed later."""


def list_faults(faults: Sequence[Fault]) -> dict[str, Any]:
    """Return the members of a problem document that name faults: the first, and how many more."""
    listed: dict[str, Any] = {"errors": [fault.as_dict() for fault in faults[:MOST_FAULTS]]}
    more = len(faults) - MOST_FAULTS
    return listed | {"more_errors": more} if more > 0 else listed


def refuse_file(faults: Sequence[Fault], kind: type[Refusal] = BadInput) -> Refusal:
    """Return the refusal of a file for its faults, each of which has its place in it."""
    return kind(
        f"The file has {len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing was changed. "
        "Mend what is named, and hand the file over again.",
        faults=faults,
    )

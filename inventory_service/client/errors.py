# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between a program and the service, each kind an exception with a next step."""

import http
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """What a request is about, as messages name it: `node web-1`, or `nodes` for all of them.

    `noun` is the command of `qm` that lists its kind.
    """

    noun: str
    name: str = ""

    def __str__(self) -> str:
        """Return the words for a message."""
        return f"{self.noun} {self.name}" if self.name else f"{self.noun}s"


class ClientError(Exception):
    """Anything that the client raises on purpose: what failed, why, and what to do next."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class InvalidConnection(ClientError):
    """A profile, an address or a token that can't be used; nothing was sent."""


class InvalidName(ClientError):
    """A name that is no segment of a path; nothing was sent."""


class NotSupported(ClientError):
    """An argument asks for what this release can't do; nothing was sent."""


class ServiceUnreachable(ClientError):
    """No service answers at the address, or something else does."""


class RunUnfinished(ClientError):
    """A run was still going when the time to wait for it was over; it goes on."""

    def __init__(self, run: Mapping[str, Any], message: str, *, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.run = run


class RunUnsuccessful(ClientError):
    """A run ended otherwise than successful; `run` has how."""

    def __init__(self, run: Mapping[str, Any], message: str, *, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.run = run


class Refused(ClientError):
    """The service refused a request; `problem` is its problem document (RFC 9457)."""

    def __init__(self, refusal: "Refusal") -> None:
        super().__init__(refusal.describe(str), next_step=refusal.next_step)
        self.refusal = refusal

    @property
    def status(self) -> int:
        """Return the status of the answer."""
        return self.refusal.status

    @property
    def problem(self) -> Mapping[str, Any]:
        """Return the problem document; it is empty if a proxy answered instead."""
        return self.refusal.problem

    @property
    def field_errors(self) -> list[dict[str, Any]]:
        """Return the fields at fault, each with its `field` and its `reason`."""
        return field_errors_of(self.refusal.problem)


class Unauthorized(Refused):
    """No token, an invalid one, or one that has ended (401)."""


class Forbidden(Refused):
    """The account has no role for this, or the token too narrow a scope (403)."""


class NotFound(Refused):
    """The resource does not exist (404)."""


class Conflict(Refused):
    """The current records do not allow this (409)."""


class Gone(Refused):
    """The changes that were asked for are not kept any more (410)."""


class PreconditionFailed(Refused):
    """The resource has changed since it was read (412)."""


class BadInput(Refused):
    """A field of the request is missing or invalid (422); `field_errors` names it."""


class RateLimited(Refused):
    """Too many requests in this minute, even after the pauses that the service asked for (429)."""


class Unavailable(Refused):
    """The service or its database is busy or away, even after the pauses (503)."""


_KINDS: Mapping[int, type[Refused]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    422: BadInput,
    429: RateLimited,
    503: Unavailable,
}


@dataclass(frozen=True)
class Refusal:
    """An answer by which the service refuses a request."""

    status: int
    reason: str
    problem: Mapping[str, Any]
    target: Target
    url: str
    has_token: bool

    def to_error(self) -> Refused:
        """Return the exception of its status."""
        return _KINDS.get(self.status, Refused)(self)

    def describe(self, name_field: Callable[[str], str]) -> str:
        """Return what was refused and why, with a line for each field at fault."""
        title = self.problem.get("detail") or self.problem.get("title") or self.reason
        if self.status == http.HTTPStatus.UNAUTHORIZED and not self.has_token:
            # The service speaks of a header, which a person cannot send.
            title = "this needs a token, and there is none to send"
        lines = [f"{self.target}: {title} ({self.status} from {self.url})"]
        lines += [
            f"  {name_field(str(field_error.get('field', '?')))}: {field_error.get('reason', '')}"
            for field_error in field_errors_of(self.problem)
        ]
        return "\n".join([*lines, *describe_more_errors(self.problem)])

    @property
    def next_step(self) -> str:
        """Return what to do; nothing where the service's own detail names it already."""
        if self.problem.get("detail") and self.status != http.HTTPStatus.UNAUTHORIZED:
            return ""
        if self.status in _STEPS:
            return _STEPS[self.status].format(noun=self.target.noun)
        if self.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            return "look into the service's log, then repeat the command"
        return "correct what is named above and repeat the command"


_STEPS = {
    401: "put a token into QM_TOKEN, or as `token` into ~/.config/quartermaster/config.ini (or "
    "QM_CONFIG). `qm init --save-profile` makes the first one beside the database; somebody "
    "with the role admin makes further ones with `qm token create NAME`",
    403: "see what you may do with `qm whoami`; an admin grants more with `qm account grant`",
    404: "see what there is with `qm {noun} list`",
    409: "look at what is there with `qm {noun} list`, then decide again",
    412: "somebody changed it meanwhile: look at it again and repeat the command",
    429: "wait a moment and repeat the command",
}


def field_errors_of(problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the field errors of a problem document."""
    field_errors = problem.get("errors")
    return (
        [field_error for field_error in field_errors if isinstance(field_error, dict)]
        if isinstance(field_errors, list)
        else []
    )


def describe_more_errors(problem: Mapping[str, Any]) -> list[str]:
    """Return a line with the number of field errors that a problem document left out, if any."""
    more = problem.get("more_errors")
    return [f"… and {more} more"] if isinstance(more, int) else []

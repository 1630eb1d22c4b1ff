# SPDX-License-Identifier: Apache-2.0
"""Each error of the client becomes the end of a command: a message in the words of its options."""

import contextlib
from collections.abc import Iterator

from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.options import option_of
from inventory_service.client.errors import (
    ClientError,
    Conflict,
    Forbidden,
    InvalidConnection,
    InvalidName,
    NotFound,
    PreconditionFailed,
    Refused,
    ServiceUnreachable,
    Unauthorized,
)

_CODES: dict[type[ClientError], Exit] = {
    Unauthorized: Exit.NOT_ALLOWED,
    Forbidden: Exit.NOT_ALLOWED,
    NotFound: Exit.NOT_FOUND,
    InvalidName: Exit.NOT_FOUND,
    Conflict: Exit.CONFLICT,
    PreconditionFailed: Exit.CONFLICT,
    InvalidConnection: Exit.USAGE,
    ServiceUnreachable: Exit.UNREACHABLE,
}


@contextlib.contextmanager
def ending_with_failures() -> Iterator[None]:
    """Raise a Failure for each error of the client; the running command is still known here."""
    try:
        yield
    except ClientError as error:
        raise failure_of(error) from error


def failure_of(error: ClientError) -> Failure:
    """Return the failure: it names fields of the request by the options of the running command."""
    code = _CODES.get(type(error), Exit.FAILED)
    if not isinstance(error, Refused):
        return Failure(error.message, code, next_step=error.next_step)
    message = error.refusal.describe(option_of)
    return Failure(message, code, next_step=error.next_step, problem=dict(error.problem))

# SPDX-License-Identifier: Apache-2.0
"""What the commands beside the database share: their settings, and how they fail."""

import contextlib
import difflib
from collections.abc import Iterator

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.core.errors import Conflict, ServiceError
from inventory_service.settings import Settings, find_unknown_variables, list_known_variables


def read_settings(**options: object) -> Settings:
    """Return the settings of the service; an option that is not None wins over the environment.

    :raises Failure: a QM_… variable is unknown or invalid, or names a file that can't be read.
    """
    try:
        settings = Settings.model_validate({k: v for k, v in options.items() if v is not None})
    except ValidationError as error:
        field_errors = [
            f"QM_{'_'.join(map(str, field_error['loc'])).upper()}: {field_error['msg']}"
            for field_error in error.errors()
        ]
        raise Failure(
            "invalid settings: " + "; ".join(field_errors),
            Exit.USAGE,
            next_step="correct the variable; docs/settings.md explains each",
        ) from None
    except OSError as error:
        raise Failure(
            f"QM_SETTINGS_FILE cannot be read: {error}",
            Exit.USAGE,
            next_step="run this as the service's own account, which may read it",
        ) from error
    unknown = find_unknown_variables(settings)
    if unknown:
        near = difflib.get_close_matches(unknown[0], list_known_variables(), n=1)
        raise Failure(
            f"unknown settings: {', '.join(unknown)}",
            Exit.USAGE,
            next_step=f"did you mean {near[0]}? " * bool(near)
            + "correct or unset the variable; docs/settings.md explains each",
        )
    return settings


@contextlib.contextmanager
def map_errors() -> Iterator[None]:
    """Turn what the database and the use cases refuse into failures of the command."""
    try:
        yield
    except Conflict as conflict:
        raise Failure(conflict.detail, Exit.CONFLICT) from conflict
    except (ServiceError, SQLAlchemyError, OSError, ImportError) as error:
        # SQLAlchemy's text may repeat statements and parameters; its first line has the reason.
        reason = str(error).splitlines()[0]
        raise Failure(
            f"the database cannot be used: {reason}",
            next_step="check QM_DATABASE_URL: is the server or file there? `qm init` makes one",
        ) from error

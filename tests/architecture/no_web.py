# SPDX-License-Identifier: Apache-2.0
"""A plugin of pytest under which no web framework and no database library can be imported."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

FORBIDDEN = frozenset(
    {"alembic", "flask", "flask_limiter", "flask_openapi3", "psycopg", "sqlalchemy", "werkzeug"}
)


class NotInstalled:
    """Finds nothing, loudly, in the place of what is not to be there."""

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Leave all other names to the next finder.

        :raises ModuleNotFoundError: it is one of those that are not to be there.
        """
        if name.partition(".")[0] in FORBIDDEN:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)
        return None


sys.meta_path.insert(0, NotInstalled())

# SPDX-License-Identifier: Apache-2.0
"""The statements that a piece of code sends to the database, for tests that count them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event


@contextmanager
def noted_statements(engine: Engine | Connection) -> Iterator[list[str]]:
    """Note each statement, in the list that is yielded."""
    noted: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: Any) -> None:
        noted.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield noted
    event.remove(engine, "before_cursor_execute", note)

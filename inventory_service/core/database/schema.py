# SPDX-License-Identifier: Apache-2.0
"""The schema of a database: which revision it has, and how to migrate it to another."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from inventory_service.core.database.engine import open_engine
from inventory_service.core.errors import Conflict

_SCRIPTS = "inventory_service:migrations"
NEWEST = "head"


@dataclass(frozen=True)
class Schema:
    """The schema revision that a database has, and the one that this version needs.

    ``found`` is None for a database without tables; ``is_known`` is whether this version has a
    migration for it.
    """

    found: str | None
    wanted: str
    is_known: bool

    @property
    def is_current(self) -> bool:
        """Return whether this version can work on the database."""
        return self.found == self.wanted

    def explain(self) -> str:
        """Return why this version can't use the database, and what to do."""
        if self.found is None:
            return "The database is empty. Run `qm init` for a new fleet, else `qm migrate`."
        if self.is_known:
            return (
                f"The database has the schema {self.found}, and this version needs {self.wanted}. "
                "Make a backup, then run `qm migrate`."
            )
        return (
            f"The database has the schema {self.found} of a newer version; this one knows "
            f"{self.wanted} at most. Install the newer version again; its `qm migrate --to "
            f"{self.wanted}` makes the database fit for this one."
        )


def read_schema(engine: Engine) -> Schema:
    """Return which schema the database has and which one this version needs."""
    with engine.connect() as connection:
        return read_schema_on(connection)


def read_schema_on(connection: Connection) -> Schema:
    """Return the same over a connection that is open already."""
    known = _list_known()
    found = MigrationContext.configure(connection).get_current_revision()
    return Schema(found, wanted=known[-1], is_known=found in known)


def upgrade(database_url: str, revision: str = NEWEST) -> None:
    """Migrate the database up to a revision; one that has it already stays as it is.

    :raises Conflict: a newer version has made the database.
    """
    _refuse_unknown(database_url)
    _run(database_url, lambda config: command.upgrade(config, revision))


def downgrade(database_url: str, revision: str) -> None:
    """Migrate the database down to an older revision; data that this one can't hold is lost.

    :raises Conflict: a newer version has made the database.
    """
    _refuse_unknown(database_url)
    _run(database_url, lambda config: command.downgrade(config, revision))


def move(database_url: str, revision: str) -> None:
    """Migrate the database to a revision, newer or older.

    :raises Conflict: there is no such revision, or a newer version has made the database.
    """
    known = _list_known()
    if revision not in known:
        raise Conflict(f"There is no schema {revision}; there are {', '.join(known)}.")
    found = _refuse_unknown(database_url).found
    is_older = found is not None and known.index(revision) < known.index(found)
    (downgrade if is_older else upgrade)(database_url, revision)


def _refuse_unknown(database_url: str) -> Schema:
    engine = open_engine(database_url)
    try:
        schema = read_schema(engine)
    finally:
        engine.dispose()
    if schema.found is not None and not schema.is_known:
        raise Conflict(schema.explain())
    return schema


@functools.cache
def _list_known() -> tuple[str, ...]:
    """Return the revisions that this version knows, oldest first."""
    walk = ScriptDirectory.from_config(_make_config()).walk_revisions()
    return tuple(script.revision for script in walk)[::-1]


def upgrade_on(connection: Connection, revision: str) -> None:
    """Migrate up inside a transaction that the caller begins and ends."""
    command.upgrade(_configure(connection), revision)


def _run(database_url: str, act: Callable[[Config], None]) -> None:
    engine = open_engine(database_url).execution_options(qm_writes=True)
    try:
        # One transaction: an interrupted migration leaves the schema as it was.
        with engine.begin() as connection:
            act(_configure(connection))
    finally:
        engine.dispose()


def _configure(connection: Connection) -> Config:
    config = _make_config()
    config.attributes["connection"] = connection
    return config


def _make_config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return config

# SPDX-License-Identifier: Apache-2.0
"""The schema's history, and the ways to bring a database up to date."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from inventory_service.storage.database import open_engine

_FOLDER = Path(__file__).parent


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the schema up to a revision; a database that is there already stays as it is."""
    _run(database_url, lambda config: command.upgrade(config, revision))


def downgrade(database_url: str, revision: str) -> None:
    """Take the schema back to an older revision; what it can't hold is lost."""
    _run(database_url, lambda config: command.downgrade(config, revision))


def is_current(engine: Engine) -> bool:
    """Tell whether the database has the newest schema that this code knows."""
    head = ScriptDirectory(str(_FOLDER)).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def _run(database_url: str, act: Callable[[Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    engine = open_engine(database_url).execution_options(qm_writes=True)
    try:
        # One transaction: an interrupted migration leaves the schema as it was.
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            act(config)
    finally:
        engine.dispose()

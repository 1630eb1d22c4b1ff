# SPDX-License-Identifier: Apache-2.0
"""A database that `qm init` has yet to make, and `qm` as it runs beside that database."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inventory_service.cli import main


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a database that is not there yet."""
    url = f"sqlite:///{tmp_path}/new/fleet.sqlite"
    monkeypatch.setenv("QM_DATABASE_URL", url)
    return url


def run(*words: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, list(words))


def mark_schema(url: str, schema: str) -> None:
    """Make the database look as another version would leave it."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (schema,))
        connection.commit()

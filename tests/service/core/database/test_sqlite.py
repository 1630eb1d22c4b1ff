# SPDX-License-Identifier: Apache-2.0
"""SQLite files are created only where that is wanted, and followed when they are replaced."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from inventory_service.core.database.engine import Database, open_engine
from inventory_service.core.database.sqlite import get_path, open_sqlite
from inventory_service.core.revision import get_revision, next_revision


def test_only_its_owner_reads_a_database_and_what_is_written_beside_it(tmp_path: Path) -> None:
    """It holds the hashes of tokens, and its folder may be open to all."""
    engine = open_engine(f"sqlite:///{tmp_path}/fleet.sqlite")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (b)"))
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    engine.dispose()
    assert modes == dict.fromkeys(("fleet.sqlite", "fleet.sqlite-wal", "fleet.sqlite-shm"), "0o600")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////var/lib/fleet.sqlite", Path("/var/lib/fleet.sqlite")),
        ("sqlite:///fleet.sqlite", Path("fleet.sqlite")),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("sqlite:///file:fleet?mode=memory&uri=true", None),
    ],
)
def test_the_file_of_a_url_is_found(url: str, path: Path | None) -> None:
    assert get_path(make_url(url)) == path


def test_a_missing_file_is_created_only_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "fleet.sqlite"
    url = make_url(f"sqlite:///{path}")
    engine = open_sqlite(url, creates=False, lock_timeout_s=1)
    with pytest.raises(OperationalError, match="unable to open"):
        engine.connect()
    assert not path.exists()
    creating = open_sqlite(url, creates=True, lock_timeout_s=1)
    creating.connect().close()
    assert path.exists()
    engine.connect().close()
    for one in (engine, creating):
        one.dispose()


def test_each_connection_checks_foreign_keys_and_writes_durably(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/fleet.sqlite")
    with engine.connect() as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("foreign_keys", "journal_mode", "synchronous")
        ]
    assert found == [1, "wal", 2]
    engine.dispose()


def test_a_writer_takes_the_lock_at_its_beginning_and_a_reader_none(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/fleet.sqlite")
    writing = engine.execution_options(qm_writes=True, qm_lock_timeout_s=0)
    with engine.begin(), writing.begin(), engine.begin():
        with pytest.raises(OperationalError, match="locked") as caught, writing.begin():
            pass
        assert isinstance(caught.value.orig, sqlite3.OperationalError)
    engine.dispose()


def test_a_database_that_was_replaced_is_seen_as_it_is_now(tmp_path: Path, template: Path) -> None:
    path, copy = tmp_path / "fleet.sqlite", tmp_path / "copy.sqlite"
    path.write_bytes(template.read_bytes())
    copy.write_bytes(template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with database.writing() as session:
        next_revision(session)
    database.engine.dispose()
    with database.reading() as session:
        assert get_revision(session) == 1
    copy.rename(path)
    with database.reading() as session:
        assert get_revision(session) == 0
    database.engine.dispose()


def test_the_folder_of_a_new_database_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    open_engine(f"sqlite:///{tmp_path}/new/fleet.sqlite").dispose()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700

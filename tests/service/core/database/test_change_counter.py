# SPDX-License-Identifier: Apache-2.0
"""Marks: another one after each commit of anybody, the same one as long as nobody commits."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from inventory_service.core.audit_log import record
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from tests.service.conftest import ACTOR


@pytest.fixture
def path(tmp_path: Path, template: Path) -> Path:
    return Path(shutil.copy(template, tmp_path / "fleet.sqlite"))


@pytest.fixture
def file_database(path: Path) -> Database:
    return Database(f"sqlite:///{path}")


def write(database: Database, *, fault: Exception | None = None) -> None:
    with database.writing() as session:
        record(session, ACTOR, "test", "project", "shop")
        if fault is not None:
            raise fault


def test_a_mark_stays_while_nobody_commits(file_database: Database) -> None:
    mark = file_database.get_mark()

    with file_database.reading():
        pass
    with pytest.raises(Conflict):
        write(file_database, fault=Conflict("taken back"))

    assert mark is not None
    assert file_database.get_mark() == mark
    file_database.engine.dispose()


def test_each_commit_makes_another_mark_whoever_made_it(
    file_database: Database, path: Path
) -> None:
    script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2])"
    seen = [file_database.get_mark()]

    write(file_database)
    seen.append(file_database.get_mark())
    second = Database(f"sqlite:///{path}")
    write(second)
    second.engine.dispose()
    seen.append(file_database.get_mark())
    statement = "UPDATE fleet SET revision = revision + 1"
    subprocess.run([sys.executable, "-c", f"{script}; c.commit()", path, statement], check=True)
    seen.append(file_database.get_mark())

    assert None not in seen
    assert len(set(seen)) == len(seen)
    file_database.engine.dispose()


def test_a_file_that_was_replaced_by_its_copy_has_another_mark(
    file_database: Database, path: Path
) -> None:
    before = file_database.get_mark()

    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)

    assert file_database.get_mark() not in {None, before}
    file_database.engine.dispose()


def test_without_its_file_there_is_no_mark(file_database: Database, path: Path) -> None:
    before = file_database.get_mark()

    moved = path.rename(path.with_suffix(".moved"))
    assert file_database.get_mark() is None
    path.write_text("no database at all, but as long as a header of one " * 4)
    assert file_database.get_mark() is None
    moved.replace(path)

    assert file_database.get_mark() not in {None, before}
    file_database.engine.dispose()


def test_a_database_that_is_no_file_gives_no_mark(database: Database) -> None:
    assert (database.get_mark() is not None) is (database.engine.dialect.name == "sqlite")


def test_who_watches_holds_up_nobody(file_database: Database, path: Path) -> None:
    file_database.get_mark()
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    assert file_database.get_mark() is not None

    other.execute("UPDATE fleet SET revision = revision + 1")
    other.execute("COMMIT")
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    other.close()
    file_database.engine.dispose()

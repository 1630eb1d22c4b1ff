# SPDX-License-Identifier: Apache-2.0
"""Copies are whole: a backup under writers, and a move between databases, killed or not."""

import signal
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select, text

from inventory_service.core.actors import Scope
from inventory_service.core.audit_log import record
from inventory_service.core.database import schema
from inventory_service.core.database.backup import ProgressCallback, back_up, transfer
from inventory_service.core.database.base import Base
from inventory_service.core.database.engine import Database, open_engine
from inventory_service.core.errors import Conflict
from inventory_service.core.revision import get_revision
from inventory_service.fleet.models.nodes import Node
from inventory_service.http.dependencies import EXTENSION
from inventory_service.settings import Settings
from tests.service.conftest import ACTOR, Caller, make_caller, make_node


def be_silent(_table: str, _done: int, _wanted: int) -> None:
    """Ignore the progress of a copy."""


def transfer_from(source_url: str, target_url: str, progress: ProgressCallback) -> dict[str, int]:
    """Copy a database as `qm database copy` does."""
    source = Database(source_url)
    try:
        return transfer(source, target_url, progress)
    finally:
        source.engine.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path, template: Path) -> str:
    """Return the URL of an empty fleet in a file."""
    path = tmp_path / "own.sqlite"
    path.write_bytes(template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/target.sqlite"
        return
    server = request.getfixturevalue("server")
    name = f"target_{uuid.uuid4().hex}"
    yield server.create(name)
    server.drop(name)


@pytest.fixture
def fleet(admin: Caller, cluster: str, database_url: str) -> str:
    """Return the URL of a database with rows in its tables, and with holes in its numbers."""
    admin.post("/api/v1/projects", {"project": "shop", "owner": "Zoë"})
    for number in range(3):
        make_node(
            admin,
            f"web-{number}",
            cluster_id=cluster,
            project="shop",
            labels={"tier": "front"},
            vars={"limits": {"files": 4096, "none": None}},
            state="active" if number else "retired",
            internal_ip=f"10.0.0.{number}",
        )
    admin.get("/api/v1/nodes/nobody", status=404)
    return database_url


def read_all(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return all rows by table, in an order of their own."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return {
                table.name: sorted(
                    (dict(row) for row in connection.execute(select(table)).mappings()), key=repr
                )
                for table in Base.metadata.sorted_tables
            }
    finally:
        engine.dispose()


def list_tables(url: str) -> list[str]:
    engine = open_engine(url)
    try:
        return inspect(engine).get_table_names()
    finally:
        engine.dispose()


def test_a_copy_has_each_row_of_each_table(fleet: str, target_url: str) -> None:
    reported: list[tuple[str, int, int]] = []
    counts = transfer_from(fleet, target_url, lambda *news: reported.append(news))
    before, after = read_all(fleet), read_all(target_url)
    assert after == before
    assert counts == {name: len(rows) for name, rows in before.items()}
    assert min(counts[name] for name in ("nodes", "transitions", "audit_records", "tokens")) > 0
    assert ("nodes", 3, 3) in reported


def test_what_an_earlier_version_kept_as_no_number_is_copied_as_null(
    sqlite_url: str, target_url: str, make_app: Callable[[Settings], Flask]
) -> None:
    app = make_app(Settings(database_url=sqlite_url))
    caller = make_caller(app, Scope.OPERATOR)
    caller.post("/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"})
    make_node(caller, "web-1")
    with app.extensions[EXTENSION].database.writing() as session:
        session.execute(text("""UPDATE nodes SET vars = '{"x": [NaN, -Infinity, 1]}'"""))
    transfer_from(sqlite_url, target_url, be_silent)
    (node,) = read_all(target_url)["nodes"]
    assert node["vars"] == {"x": [None, None, 1]}
    # Also where it is, it can be changed.
    assert caller.patch("/api/v1/nodes/web-1", {"vars": {"x": 2}})["vars"] == {"x": 2}


def test_a_fleet_goes_on_where_it_was_copied_to(
    fleet: str, target_url: str, admin: Caller, make_app: Callable[[Settings], Flask]
) -> None:
    transfer_from(fleet, target_url, be_silent)
    app = make_app(Settings(database_url=target_url))
    # The token that was made on the source is known here as well.
    there = Caller(app.test_client(), admin.token)
    assert there.get("/api/v1/nodes/web-1") == admin.get("/api/v1/nodes/web-1")
    revision = there.get("/api/v1/status")["revision"]
    assert revision == admin.get("/api/v1/status")["revision"]
    # New rows are numbered behind the old ones.
    assert make_node(there, "web-9", cluster_id="main")["revision"] == revision + 1
    assert make_caller(app, Scope.VIEWER).get("/health/ready")["status"] == "ready"


def test_a_target_that_is_not_empty_is_left_alone(fleet: str, target_url: str) -> None:
    schema.upgrade(target_url)
    before = read_all(target_url)
    with pytest.raises(Conflict, match="new and empty"):
        transfer_from(fleet, target_url, be_silent)
    assert read_all(target_url) == before


def test_a_source_of_another_schema_is_refused(fleet: str, target_url: str) -> None:
    schema.move(fleet, "0001")
    with pytest.raises(Conflict, match="qm migrate"):
        transfer_from(fleet, target_url, be_silent)
    assert list_tables(target_url) == []


def test_kill_9_in_the_middle_of_a_copy_leaves_the_target_empty(
    fleet: str, target_url: str
) -> None:
    program = (
        "import os, signal, sys\n"
        "from inventory_service.core.database.backup import transfer\n"
        "from inventory_service.core.database.engine import Database\n"
        "def progress(table, done, wanted):\n"
        "    if table == 'nodes':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "transfer(Database(sys.argv[1]), sys.argv[2], progress)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, fleet, target_url], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list_tables(target_url) == []
    # And what was asked for can be asked for again.
    assert transfer_from(fleet, target_url, be_silent)["nodes"] == 3


def test_a_backup_is_one_state_of_the_fleet_while_others_write(
    sqlite_url: str, tmp_path: Path
) -> None:
    database, over = Database(sqlite_url), threading.Event()

    def write() -> None:
        while not over.is_set():
            with database.writing() as session:
                record(session, ACTOR, "test", "project", "shop")

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    files = [tmp_path / f"backup-{number}.sqlite" for number in range(5)]
    for file in files:
        back_up(sqlite_url, file)
    over.set()
    for writer in writers:
        writer.join()
    database.engine.dispose()
    states = [read_state(file) for file in files]
    assert all(revision == records for revision, records in states)
    assert states == sorted(states)
    assert states[-1][0] > 0


def read_state(file: Path) -> tuple[int, int]:
    """Return the revision and the number of audit records, which grow together."""
    with closing(sqlite3.connect(file)) as connection:
        (revision,) = connection.execute("SELECT revision FROM fleet").fetchone()
        (records,) = connection.execute("SELECT count(*) FROM audit_records").fetchone()
    return revision, records


def test_a_backup_is_one_private_file_that_can_be_served(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backups.d"
    file.mkdir()
    back_up(sqlite_url, file / "fleet.sqlite")
    assert [path.name for path in file.iterdir()] == ["fleet.sqlite"]
    assert (file / "fleet.sqlite").stat().st_mode & 0o777 == 0o600
    database = Database(f"sqlite:///{file}/fleet.sqlite")
    with database.reading() as session:
        assert get_revision(session) == 0
        assert session.query(Node).count() == 0
    database.engine.dispose()


def test_a_backup_overwrites_nothing(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("precious", "utf-8")
    with pytest.raises(Conflict, match="there already"):
        back_up(sqlite_url, tmp_path / "backup")
    assert (tmp_path / "backup").read_text("utf-8") == "precious"
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:////nowhere/fleet.sqlite", "There is no database"),
        ("sqlite:///:memory:", "There is no database"),
        ("postgresql://127.0.0.1:1/fleet", "pg_dump"),
    ],
)
def test_what_cannot_be_backed_up_is_said(tmp_path: Path, url: str, reason: str) -> None:
    with pytest.raises(Conflict, match=reason):
        back_up(url, tmp_path / "backup")
    assert not list(tmp_path.iterdir())


def test_a_damaged_database_gives_no_backup(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("PRAGMA writable_schema=ON"))
        connection.execute(
            text("UPDATE sqlite_master SET rootpage = 2 WHERE name = 'nodes'"),
        )
    engine.dispose()
    with pytest.raises(Conflict, match="damaged"):
        back_up(sqlite_url, tmp_path / "backup")
    assert not list(tmp_path.glob("backup*"))

# SPDX-License-Identifier: Apache-2.0
"""A database that is locked, read-only, full, frozen or gone: 503 meanwhile, and well afterwards.

Each fault is a real one: another process's lock, a file's mode, a disk without room, a server that
is stopped.
"""

import contextlib
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from psycopg import sql
from sqlalchemy import make_url

from tests.e2e.service.conftest import small_disk
from tests.e2e.service.process import HONEST_ROOT, Process, wait_until
from tests.service.postgres import Postgres

LOCK_TIMEOUT_S = 1
#: The longest time that any answer may take: the wait for a lock or for a silent server.
LONGEST_S = LOCK_TIMEOUT_S + 5 + 3 + 1
GONE = "does not answer"
FieldError = contextlib.AbstractContextManager[None]


@dataclass(frozen=True)
class Case:
    """A service, and the way to take its database from it."""

    process: Process
    begin: Callable[[], FieldError]
    #: What the answer says.
    reason: str
    #: Whether what needs no change still works.
    can_read: bool = True


@contextlib.contextmanager
def locked_file(path: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def read_only_file(path: Path, process: Process) -> Iterator[None]:
    path.chmod(0o444)
    # What is open for writing stays so: a service that starts now sees the mode.
    process.kill()
    process.start(path="/health/live")
    yield
    path.chmod(0o600)


@contextlib.contextmanager
def full_disk(disk: Path) -> Iterator[None]:
    with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    yield
    (disk / "filler").unlink()


@contextlib.contextmanager
def moved_file(path: Path) -> Iterator[None]:
    away = path.with_suffix(".away")
    path.rename(away)
    yield
    assert not path.exists(), "an empty database was made in its place"
    away.rename(path)


@contextlib.contextmanager
def locked_row(server: Postgres, database: str) -> Iterator[None]:
    with server.connect(database) as other, other.transaction():
        other.execute("SELECT revision FROM fleet FOR UPDATE")
        yield


@contextlib.contextmanager
def read_only_server(server: Postgres, database: str) -> Iterator[None]:
    name = sql.Identifier(database)
    server.run(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    _close_connections(server, database)
    yield
    server.run(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
    _close_connections(server, database)


def _close_connections(server: Postgres, database: str) -> None:
    server.run(
        sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(
            sql.Literal(database)
        )
    )


@contextlib.contextmanager
def stopped_server(server: Postgres) -> Iterator[None]:
    # SIGQUIT is the immediate stop: what a crash leaves behind.
    server.end(signal.SIGQUIT)
    yield
    server.start()


@contextlib.contextmanager
def frozen_server(server: Postgres) -> Iterator[None]:
    server.signal_all(signal.SIGSTOP)
    try:
        yield
    finally:
        server.signal_all(signal.SIGCONT)


@pytest.fixture(params=["locked", "read-only", "full", "moved away"])
def on_file(
    request: pytest.FixtureRequest, tmp_path: Path, make_process: Callable[..., Process]
) -> Iterator[Case]:
    """A service on SQLite, and a fault of its file."""
    with contextlib.ExitStack() as stack:
        disk = tmp_path / "disk"
        disk.mkdir()
        if request.param == "full":
            stack.enter_context(small_disk(disk, size="3m"))
        path = disk / "fleet.sqlite"
        process = make_process(
            prefix=HONEST_ROOT if os.geteuid() == 0 else (),
            QM_DATABASE_URL=f"sqlite:///{path}",
            QM_LOCK_TIMEOUT_S=str(LOCK_TIMEOUT_S),
        )
        yield {
            "locked": Case(process, lambda: locked_file(path), "Another writer"),
            "read-only": Case(process, lambda: read_only_file(path, process), "only be read"),
            "full": Case(process, lambda: full_disk(disk), "is full"),
            "moved away": Case(process, lambda: moved_file(path), GONE, can_read=False),
        }[request.param]
        process.kill()


@pytest.fixture(params=["locked", "read-only", "full", "stopped", "frozen"])
def on_server(
    request: pytest.FixtureRequest,
    server: Postgres,
    new_database: Callable[[], str],
    make_process: Callable[..., Process],
) -> Iterator[Case]:
    """A service on PostgreSQL, and a fault of the server."""
    with contextlib.ExitStack() as stack:
        url = new_database()
        database = make_url(url).database or ""
        disk = server.folder / "disk"
        if request.param == "full":
            stack.enter_context(small_disk(disk, size="24m"))
            stack.enter_context(moved_to(server, database, disk))
        process = make_process(QM_DATABASE_URL=url, QM_LOCK_TIMEOUT_S=str(LOCK_TIMEOUT_S))
        yield {
            "locked": Case(process, lambda: locked_row(server, database), "Another writer"),
            "read-only": Case(process, lambda: read_only_server(server, database), "only be read"),
            "full": Case(process, lambda: full_disk(disk), "is full"),
            "stopped": Case(process, lambda: stopped_server(server), GONE, can_read=False),
            "frozen": Case(process, lambda: frozen_server(server), GONE, can_read=False),
        }[request.param]
        process.kill()


@contextlib.contextmanager
def moved_to(server: Postgres, database: str, disk: Path) -> Iterator[None]:
    """Let a database lie on another disk."""
    owner = server.folder.stat()
    os.chown(disk, owner.st_uid, owner.st_gid)
    server.run(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(sql.Literal(str(disk))))
    name = sql.Identifier(database)
    server.run(sql.SQL("ALTER DATABASE {} SET TABLESPACE small").format(name))
    yield
    server.drop(database)
    server.run(sql.SQL("DROP TABLESPACE small"))


def test_a_fault_of_the_file_is_answered_503_and_heals_by_itself(on_file: Case) -> None:
    check(on_file)


def test_a_fault_of_the_server_is_answered_503_and_heals_by_itself(on_server: Case) -> None:
    check(on_server)


def check(case: Case) -> None:
    process = case.process
    process.start()
    assert process.post("/api/v1/projects", {"project": "before"}).status_code == 201
    with case.begin():
        kept, refused = post_until_refused(process)
        assert_says_so(refused, case.reason)
        assert process.status("/health/live") == 200
        assert process.status("/health/ready") == 503
        status = 200 if case.can_read else 503
        answer = process.session.get(f"{process.url}/api/v1/projects/before", timeout=LONGEST_S)
        assert answer.status_code == status
        kept += post_at_once(process)
    wait_until(lambda: process.status("/health/ready") == 200, what="it heals")
    wanted = {"before", *kept}
    assert list_projects(process) == wanted, "a change that was answered 503 is there, or lost"
    assert process.get("/api/v1/status")["revision"] == 1 + len(wanted)
    assert process.post("/api/v1/projects", {"project": "after"}).status_code == 201
    kind = "writing" if case.can_read else "reading"
    assert len(process.logged("database unavailable", kind=kind)) == 1
    assert len(process.logged("database available again", kind=kind)) == 1


def post_until_refused(process: Process) -> tuple[list[str], requests.Response]:
    """Return the projects that were still made, and the first answer that was none."""
    kept: list[str] = []
    for number in range(2000):
        name = f"p{number}"
        answer = process.post("/api/v1/projects", {"project": name, "description": "x" * 255})
        if answer.status_code != 201:
            return kept, answer
        kept.append(name)
    raise AssertionError("the fault does not show")


def assert_says_so(answer: requests.Response, reason: str) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    detail = answer.json()["detail"]
    assert reason in detail
    assert "again later" in detail
    assert "fleet" not in detail, "a path or a statement is told to strangers"


def post_at_once(process: Process) -> list[str]:
    """Send more changes than the service has threads; return the projects that were made.

    None waits for ever. A disk that is full may still have room for a small change.
    """
    statuses: dict[str, int] = {}

    def post(name: str) -> None:
        session = process.make_session()
        body = {"project": name, "description": "x" * 255}
        answer = session.post(f"{process.url}/api/v1/projects", json=body, timeout=4 * LONGEST_S)
        statuses[name] = answer.status_code

    threads = [threading.Thread(target=post, args=(f"late{number}",)) for number in range(12)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun < 2 * LONGEST_S
    assert len(statuses) == 12
    assert set(statuses.values()) <= {201, 503}
    return [name for name, status in statuses.items() if status == 201]


def list_projects(process: Process) -> set[str]:
    names: set[str] = set()
    path = "/api/v1/projects?limit=1000"
    while path:
        page = process.get(path)
        names.update(project["project"] for project in page["items"])
        cursor = page["next_cursor"]
        path = f"/api/v1/projects?limit=1000&cursor={cursor}" if cursor else ""
    return names

# SPDX-License-Identifier: Apache-2.0
"""Databases and processes for the tests of the service's faults."""

import contextlib
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service.process import Process
from tests.service import postgres


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    """A PostgreSQL that tests may stop, freeze and fill, if they leave it running."""
    # What it has confirmed outlives its crash, as with everybody's PostgreSQL.
    with postgres.running("synchronous_commit=on") as server:
        yield server


@pytest.fixture
def new_database(server: postgres.Postgres) -> Iterator[Callable[[], str]]:
    """A way to make empty databases on the server."""
    made: list[str] = []

    def make() -> str:
        made.append(f"fleet_{uuid.uuid4().hex}")
        return server.create(made[-1])

    yield make
    for name in made:
        server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a fleet, on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fleet.sqlite"
    url: str = request.getfixturevalue("new_database")()
    return url


@pytest.fixture
def make_process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """A way to make services, which are killed at the end."""
    made: list[Process] = []

    def make(**options: Any) -> Process:
        made.append(Process(tmp_path, **options))
        return made[-1]

    yield make
    for process in made:
        process.kill()


@pytest.fixture
def process(make_process: Callable[..., Process], database_url: str) -> Process:
    """A service that has started."""
    process = make_process(QM_DATABASE_URL=database_url)
    process.start()
    return process


@contextlib.contextmanager
def small_disk(folder: Path, *, size: str) -> Iterator[Path]:
    """Mount a disk of a few megabytes on a folder."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)

# SPDX-License-Identifier: Apache-2.0
"""Services with a worker, on either database."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.runs.running import RunService
from tests.service import postgres


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    """A PostgreSQL that tests may kill, if they leave it running."""
    with postgres.running("synchronous_commit=on") as server:
        yield server


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[[str], RunService]]:
    made: list[RunService] = []

    def make(database_url: str) -> RunService:
        made.append(RunService(tmp_path, database_url))
        made[-1].start_worker()
        return made[-1]

    yield make
    for service in made:
        service.stop()


@pytest.fixture
def service(make_service: Callable[[str], RunService], tmp_path: Path) -> RunService:
    """A service on SQLite with a worker."""
    return make_service(f"sqlite:///{tmp_path}/fleet.sqlite")

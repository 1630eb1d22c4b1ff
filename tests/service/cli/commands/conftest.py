# SPDX-License-Identifier: Apache-2.0
"""A service that knows a playbook, beside all that the other tests of the command have."""

from pathlib import Path

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.settings import Settings
from tests.service.runs.routes.conftest import Recorder


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    playbooks = tmp_path / "checkout/playbooks"
    playbooks.mkdir(parents=True)
    (playbooks / "site.yml").write_text("[]\n", "utf-8")
    return Settings(database_url=database_url, log_level="error", playbooks_dir=playbooks.parent)


@pytest.fixture
def recorder(database: Database) -> Recorder:
    """Return who records what a worker and a supervisor would."""
    return Recorder(database)

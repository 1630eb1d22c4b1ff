# SPDX-License-Identifier: Apache-2.0
"""The database is opened as the settings have it, by programs that need no application."""

import subprocess
import sys

import pytest

from inventory_service.core.errors import Unavailable
from inventory_service.database import open_database
from inventory_service.settings import Settings


def test_the_database_is_that_of_the_settings(settings: Settings) -> None:
    patient = settings.model_copy(update={"lock_timeout_s": 7})
    database = open_database(patient)
    assert database.engine.url.database == open_database(settings).engine.url.database
    assert database._lock_timeout_s == 7
    database.engine.dispose()


def test_an_outage_is_reported_to_who_asked_for_it() -> None:
    heard: list[str] = []
    nowhere = Settings(database_url="sqlite:////nonexistent/fleet.sqlite")
    database = open_database(nowhere, on_change=lambda kind, _reason: heard.append(kind))
    with pytest.raises(Unavailable), database.reading() as session:
        session.connection()
    assert heard == ["reading"]


def test_a_supervisor_starts_without_the_web() -> None:
    code = "import inventory_service.worker.supervisor, sys; print('flask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"

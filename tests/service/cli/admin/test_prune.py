# SPDX-License-Identifier: Apache-2.0
"""`qm prune` deletes what is past its retention, batch by batch, beside the database."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert

from inventory_service.cli import main
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.retention import BATCH, count_stored

Prune = Callable[..., Result]


@pytest.fixture
def prune(database_url: str) -> Prune:
    def run(*words: str, **settings: str) -> Result:
        environment = {"QM_DATABASE_URL": database_url, **settings}
        return CliRunner(env=environment).invoke(main, ["prune", *words])

    return run


def add(database: Database, count: int, *, age: timedelta) -> None:
    row = {
        "at": datetime.now(UTC) - age,
        "actor": "somebody",
        "door": "api",
        "action": "change",
        "noun": "node",
        "subject": "web-1",
        "revision": 0,
    }
    with database.writing() as session:
        session.execute(insert(AuditRecord), [row] * count)


def count(database: Database) -> int:
    with database.reading() as session:
        return count_stored(session).records


def test_all_that_is_too_old_goes_in_as_many_batches_as_it_takes(
    database: Database, prune: Prune
) -> None:
    add(database, 2 * BATCH + 1, age=timedelta(days=31))
    add(database, 2, age=timedelta(days=1))
    result = prune("--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"records": 2 * BATCH + 1, "answers": 0, "events": 0}
    assert count(database) == 2
    assert "0 audit records" in prune().stdout


@pytest.mark.parametrize(("days", "left"), [("0", 3), ("4", 3), ("2", 0)])
def test_the_setting_says_how_long(database: Database, prune: Prune, days: str, left: int) -> None:
    add(database, 3, age=timedelta(days=3))
    assert prune(QM_AUDIT_RETENTION_DAYS=days).exit_code == 0
    assert count(database) == left


def test_a_database_that_does_not_answer_is_told(prune: Prune) -> None:
    result = prune(QM_DATABASE_URL="sqlite:////proc/none/fleet.sqlite")
    assert result.exit_code == 1
    assert "QM_DATABASE_URL" in result.stderr

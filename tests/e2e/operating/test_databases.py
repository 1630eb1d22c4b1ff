# SPDX-License-Identifier: Apache-2.0
"""The database's commands of docs/operating.md, on a host where the service runs."""

import json
from pathlib import Path

import pytest

from tests.e2e.fleet import wait_until
from tests.e2e.operating.conftest import BACKUPS, RELEASE, ROOT, Host
from tests.e2e.operating.page import commands
from tests.e2e.operating.wheels import build_own

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

LATER = "/root/later"
VERSION = "/opt/quartermaster/bin/qm --version"
#: What a version of later days changes in the tables.
MIGRATION = '''
"""A table of later days."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("later_days", sa.Column("day", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("later_days")
'''


@pytest.fixture
def schema(host: Host) -> str:
    """The schema of this version."""
    return str(host.call("GET", "/health/ready")["schema"])


@pytest.fixture
def later(host: Host, schema: str, tmp_path: Path) -> str:
    """A folder on the host with the release of later days."""
    wheel = build_own(tmp_path, version="99.0.0", migration=MIGRATION.format(newest=schema))
    host.put(LATER, wheel, ROOT / "packaging")
    return LATER


def test_an_upgrade_and_the_way_back_keep_the_fleet(host: Host, schema: str, later: str) -> None:
    upgrade, back = commands("Upgrade, and back")
    add_project(host, "before-upgrade")
    assert f'"schema":"{schema}"' in host.follow(upgrade, folder=later)
    await_schema(host, "9999")
    assert "99.0.0" in host.sh(VERSION)
    add_project(host, "after-upgrade")
    host.follow(back.replace("SCHEMA", schema), folder=RELEASE)
    await_schema(host, schema)
    assert {"before-upgrade", "after-upgrade"} <= list_projects(host)
    assert "99.0.0" not in host.sh(VERSION)


def test_a_restore_brings_back_what_was_there_at_the_backup(host: Host) -> None:
    (backup,) = commands("Back up")
    (restore,) = commands("Restore")
    add_project(host, "before-backup")
    revision = host.call("GET", "/api/v1/status")["revision"]
    host.follow(backup)
    add_project(host, "after-backup")
    host.follow(restore.replace("BACKUP", f"{BACKUPS}/by-hand.sqlite"))
    assert "before-backup" in list_projects(host)
    assert "after-backup" not in list_projects(host)
    assert host.call("GET", "/api/v1/status")["revision"] == revision
    # New changes go on from there.
    add_project(host, "after-backup")


def test_the_fleet_moves_to_postgresql_is_restored_there_and_moves_back(host: Host) -> None:
    (to_postgresql,) = commands("Move from SQLite")
    (backup,) = commands("Back up PostgreSQL")
    (restore,) = commands("Restore PostgreSQL")
    (to_sqlite,) = commands("Move back to SQLite")
    with host.settings():
        add_project(host, "before-move")
        kept = host.call("GET", "/api/v1/status")
        host.follow(to_postgresql)
        assert_moved(host, "postgresql", kept)
        host.follow(backup)
        add_project(host, "after-dump")
        host.follow(restore.replace("BACKUP", f"{BACKUPS}/by-hand.dump"))
        assert_moved(host, "postgresql", kept)
        assert "after-dump" not in list_projects(host)
        host.sh("systemctl start quartermaster-backup")
        (dump,) = host.sh(f"ls {BACKUPS}/fleet-*.dump").split()
        assert "TABLE DATA public projects" in host.sh(f"pg_restore --list {dump}")
        host.follow(to_sqlite)
        assert_moved(host, "sqlite", kept)


def assert_moved(host: Host, database: str, kept: dict[str, str]) -> None:
    """Check that the fleet is whole in another database, and that it takes changes there."""
    assert host.call("GET", "/health/ready")["database"] == database
    assert host.call("GET", "/api/v1/status") == kept
    assert "before-move" in list_projects(host)


def add_project(host: Host, name: str) -> None:
    assert host.call("POST", "/api/v1/projects", {"project": name})["project"] == name


def list_projects(host: Host) -> set[str]:
    return {item["project"] for item in host.call("GET", "/api/v1/projects")["items"]}


def await_schema(host: Host, schema: str) -> None:
    """Wait until the service of another version answers."""
    wanted = json.dumps(schema)
    wait_until(
        lambda: f'"schema":{wanted}' in host.sh("curl -s http://127.0.0.1:9008/health/ready"),
        what=f"the service works with the schema {schema}",
        timeout_s=60,
    )

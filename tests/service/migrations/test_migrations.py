# SPDX-License-Identifier: Apache-2.0
"""The schema goes up and back with data in it, and is what the models declare."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from inventory_service.core.database import schema
from inventory_service.core.database.engine import Database
from inventory_service.core.revision import Fleet, get_revision
from tests.service.conftest import Caller, make_node


def test_the_schema_is_what_the_models_say(database_url: str) -> None:
    schema._run(database_url, _check)


def _check(config: Config) -> None:
    command.check(config)


def test_a_second_upgrade_changes_nothing(
    operator: Caller, cluster: str, database_url: str
) -> None:
    make_node(operator, "web-1", cluster_id=cluster)
    before = operator.get("/api/v1/nodes")
    schema.upgrade(database_url)
    assert operator.get("/api/v1/nodes") == before


def test_the_schema_goes_back_with_data_in_it_and_up_again(
    operator: Caller, cluster: str, database_url: str, database: Database
) -> None:
    make_node(operator, "web-1", cluster_id=cluster, state="retired")
    schema.downgrade(database_url, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    assert not schema.read_schema(database.engine).is_current
    schema.upgrade(database_url)
    assert schema.read_schema(database.engine).is_current
    with database.reading() as session:
        assert get_revision(session) == 0


def test_what_nodes_and_ports_name_already_becomes_environments(
    operator: Caller, cluster: str, database_url: str
) -> None:
    operator.post("/api/v1/projects", {"project": "shop"})
    for name in ("load", "demo"):
        operator.post("/api/v1/environments", {"environment": name})
    make_node(operator, "web-1", cluster_id=cluster, environment="load")
    wish = {"project": "shop", "environment": "demo", "base": 8000}
    port = operator.post("/api/v1/ports", wish)["port"]
    service = {"service": "api", "project": "shop", "environment": "prod", "port_base": 8000}
    operator.post("/api/v1/services", service)
    schema.downgrade(database_url, "0002")
    schema.upgrade(database_url)
    found = [one["environment"] for one in operator.get("/api/v1/environments")["items"]]
    assert found == ["demo", "load", "prod", "staging", "test", "uat"]
    assert operator.get("/api/v1/nodes/web-1")["environment"] == "load"
    assert operator.post("/api/v1/ports", wish, status=200)["port"] == port
    assert operator.get("/api/v1/services")["items"] == []


def test_records_outlive_the_way_back_and_up_again(
    operator: Caller, admin: Caller, cluster: str, database_url: str
) -> None:
    make_node(operator, "web-1", cluster_id=cluster)
    before = admin.get("/api/v1/audit")["items"]
    changes = admin.get("/api/v1/changes")["items"]
    schema.downgrade(database_url, "0005")
    schema.upgrade(database_url)
    assert admin.get("/api/v1/audit")["items"] == before
    assert admin.get("/api/v1/changes")["items"] == changes


def test_an_upgrade_that_fails_in_the_middle_leaves_the_schema_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/fleet.sqlite"
    engine = schema.open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE transitions (id INTEGER)"))
    with pytest.raises(OperationalError, match="already exists"):
        schema.upgrade(url)
    assert inspect(engine).get_table_names() == ["transitions"]
    engine.dispose()


def test_the_fleet_is_one_row(database: Database) -> None:
    with database.reading() as session:
        assert session.query(Fleet).count() == 1

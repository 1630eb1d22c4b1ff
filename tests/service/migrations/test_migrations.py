# SPDX-License-Identifier: Apache-2.0
"""The schema goes up and back with data in it, and is what the models declare."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from inventory_service.core.database import schema
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput
from inventory_service.core.revision import Fleet, get_revision
from inventory_service.runs.domain.events import RunEvent, Tally
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.claims import take_runs
from inventory_service.runs.usecases.orders import order_run
from inventory_service.runs.usecases.reports import store_events, store_log
from inventory_service.runs.usecases.surveys import check_answers, check_survey
from inventory_service.runs.usecases.templates import register_template
from tests.service.conftest import ACTOR, Caller, make_node

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"


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


def test_the_first_templates_are_such_as_admins_could_register(admin: Caller) -> None:
    """What `0008_runs.py` does not name is as by default, and their playbooks ship."""
    found = admin.get("/api/v1/templates")["items"]
    names = ["infrastructure", "ping", "provision", "retire", "rotate_wireguard", "site", "verify"]
    assert [one["template"] for one in found] == names
    for one in found:
        fields = {name: one[name] for name in TemplateRegistration.model_fields if name in one}
        template = TemplateRegistration(**fields)
        assert template.model_dump(mode="json", exclude={"reason"}) == fields
        if template.survey is not None:
            check_survey(template.survey)
        assert (
            PLAYBOOKS / f"{template.playbook.removeprefix('quartermaster.fleet.')}.yml"
        ).is_file()
    usual = TemplateRegistration(
        template="infrastructure", playbook="quartermaster.fleet.infrastructure"
    )
    kept = {"template", "playbook", "description", "reason"}
    assert usual.model_dump(mode="json", exclude=kept).items() <= found[0].items()


def test_only_nodes_that_are_named_are_retired(store: Database) -> None:
    with store.reading() as session:
        template = session.get_one(Template, "retire")
        assert template.requires_limit
        assert template.limit_variable == "retire_nodes"
        assert (template.concurrency, template.host_lock) == (1, "exclusive")
        with pytest.raises(BadInput, match=r"see answers\.retire_count, answers\.retire_reason"):
            check_answers(session, template.survey, {})
        answers = {"retire_count": 1, "retire_reason": "old"}
        assert check_answers(session, template.survey, answers) == answers


def test_runs_go_with_the_way_back_and_templates_are_there_anew(
    admin: Caller, operator: Caller, database: Database, database_url: str
) -> None:
    playbook = "acme.shop.deploy"
    with database.writing() as session:
        wanted = TemplateRegistration(template="deploy", playbook=playbook, host_lock=None)
        sources = RunSources(lambda: [playbook], lambda _session, _filters: [Target("web-1", [])])
        register_template(session, ACTOR, wanted, sources=sources)
        run = order_run(session, ACTOR, RunOrder(template="deploy"), sources=sources)
        (taken,) = take_runs(session, "w1", owner="1:1:1", slots=1, lease=timedelta(seconds=30))
        session.flush()
        moment = datetime.now(UTC)
        event = RunEvent(1, "playbook_on_task_start", moment, "TASK", task_id="t", host="web-1")
        tally = Tally()
        result = RunEvent(2, "runner_on_ok", moment, "ok", host="web-1", task_id="t")
        tally.add([event, result])
        store_events(session, run, [event, result], tally)
        store_log(session, run.id, 0, b"log")
    records = admin.get("/api/v1/audit")["items"]
    schema.downgrade(database_url, "0007")
    assert "runs" not in inspect(database.engine).get_table_names()
    schema.upgrade(database_url)
    assert operator.get("/api/v1/runs")["items"] == []
    names = [one["template"] for one in operator.get("/api/v1/templates")["items"]]
    assert "deploy" not in names
    assert "site" in names
    assert admin.get("/api/v1/audit")["items"] == records
    assert taken.run_id == run.id


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

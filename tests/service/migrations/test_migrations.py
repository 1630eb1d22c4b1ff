# SPDX-License-Identifier: Apache-2.0
"""The schema goes up and back with data in it, and is what the models declare."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import OperationalError

from inventory_service.core.database import schema
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput
from inventory_service.core.revision import Fleet, get_revision
from inventory_service.identity.models.accounts import Account
from inventory_service.identity.models.tokens import Token
from inventory_service.runs.domain.events import RunEvent, Tally
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.claims import take_runs
from inventory_service.runs.usecases.orders import order_run
from inventory_service.runs.usecases.reports import store_events, store_log
from inventory_service.runs.usecases.surveys import check_answers, check_survey
from inventory_service.runs.usecases.templates import register_template
from inventory_service.schedules.models import Schedule
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
    # By which token an account acted is not known before it.
    assert admin.get("/api/v1/audit")["items"] == [one | {"token": None} for one in before]
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


#: Tokens of before there were accounts: id, name, scope, who made it, whether it was revoked.
OLD_TOKENS = [
    ("1", "ann", "admin", "qm init", False),
    ("2", "ci", "operator", "ann", True),
    ("3", "ci", "viewer", "ann", False),
    ("4", "old", "admin", "ann", True),
    ("5", "bob", "operator", "ann", False),
    ("6", "run-1-1", "operator", "worker", False),
    ("7", "run-2-1", "operator", "worker", True),
    ("8", "run-9-1", "operator", "worker", True),
    # That is what a person has called it.
    ("9", "run-9-9", "viewer", "ann", False),
]
#: Runs of then, by whom they were ordered, and whose the tokens of those are from now on.
OLD_RUNS = [(1, "bob", "running"), (2, "schedule-nightly", "queued"), (3, "run-2-1", "queued")]
OLD_SCHEDULES = [("nightly", "operator"), ("lost", "viewer")]
_TOKEN = """
    INSERT INTO tokens (token_id, name, scope, digest, created_at, created_by, revoked_at)
    VALUES (:id, :name, :scope, '', :now, :by, :revoked)
"""
_RUN = """
    INSERT INTO runs (id, template, playbook, state, "limit", hosts, host_count, options, variables,
        answers, locks, is_idempotent, requested_by, door, attempt, created_at, event_count,
        missing_events, results, revision, approver_scope)
    VALUES (:id, 'ping', 'x', :state, 'all', '[]', 0, '{}', '{}', '{}', '{}', :no, :by, 'api', 0,
        :now, 0, 0, '{}', 0, 'operator')
"""
_SCHEDULE = """
    INSERT INTO schedules (schedule, template, "limit", tags, skip_tags, "check", diff, answers,
        time_zone, jitter_s, catch_up, is_paused, scope, created_at, revision)
    VALUES (:name, 'ping', 'all', '[]', '[]', :no, :no, '{}', 'UTC', 0, 'none', :no, :scope, :now,
        0)
"""
_FOR_ADMINS = "UPDATE templates SET approver_scope = 'admin' WHERE template = 'site'"
_MADE_BY = """
    INSERT INTO audit_records (at, actor, door, action, noun, subject, revision)
    VALUES (:now, 'bob', 'cli', 'register', 'schedule', 'nightly', 0)
"""


def test_each_token_gets_an_account_with_the_rights_that_it_had(store: Database) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    schema.downgrade(url, "0012")
    now = datetime.now(UTC)
    common = {"now": now if "postgresql" in url else now.isoformat(sep=" "), "no": False}
    with store.engine.begin() as connection:
        for id_, name, scope, by, is_revoked in OLD_TOKENS:
            values = {"id": id_, "name": name, "scope": scope, "by": by}
            revoked = common["now"] if is_revoked else None
            connection.execute(text(_TOKEN), {**common, **values, "revoked": revoked})
        for run_id, by, state in OLD_RUNS:
            connection.execute(text(_RUN), {**common, "id": run_id, "by": by, "state": state})
        for name, scope in OLD_SCHEDULES:
            connection.execute(text(_SCHEDULE), {**common, "name": name, "scope": scope})
        connection.execute(text(_MADE_BY), common)
        connection.execute(text(_FOR_ADMINS))
    schema.upgrade(url)
    with store.reading() as session:
        found = {
            one.account: sorted(role.value for role, project in one.grants if project is None)
            for one in session.scalars(select(Account))
        }
        assert found == {
            "ann": ["admin"],
            "bob": ["approver", "operator"],
            "ci": ["viewer"],
            "former-runs": [],
            "old": [],
            "run-9-9": ["viewer"],
            "schedule-lost": ["viewer"],
        }
        tokens = session.scalars(select(Token).order_by(Token.token_id))
        assert [one.account for one in tokens] == [
            *("ann", "ci", "ci", "old", "bob"),
            *("bob", "bob", "former-runs", "run-9-9"),
        ]
        schedules = session.scalars(select(Schedule).order_by(Schedule.schedule))
        assert [(one.schedule, one.account) for one in schedules] == [
            ("lost", "schedule-lost"),
            ("nightly", "bob"),
        ]
        runs = session.scalars(select(Run).order_by(Run.id)).all()
        assert [one.requested_by for one in runs] == ["bob", "bob", "bob"]
        assert {(one.scope, one.approver_role) for one in runs} == {("operator", "approver")}
        asked = ((name, session.get_one(Template, name)) for name in ("ping", "site"))
        assert {name: (one.launch_role, one.approver_role) for name, one in asked} == {
            "ping": ("operator", "approver"),
            "site": ("operator", "admin"),
        }

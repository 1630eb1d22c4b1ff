# SPDX-License-Identifier: Apache-2.0
"""An order is checked whole before it waits, and a run can be had again with the same input."""

from typing import Any

import pytest

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, Forbidden, NotFound
from inventory_service.core.pagination import Page, SortKey
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.runs.domain.orders import RelaunchHosts, RelaunchOrder, RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.domain.templates import TemplateChange
from inventory_service.runs.models.reports import HostResult
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.claims import end_run
from inventory_service.runs.usecases.orders import (
    cancel_run,
    describe_run,
    get_run,
    list_runs,
    order_run,
    relaunch_run,
)
from inventory_service.runs.usecases.templates import change_template
from tests.service.run_rows import (
    ADMIN,
    HOSTS,
    OPERATOR,
    SOURCES,
    add_template,
    list_targets,
    order,
    start,
)

VIEWER = Actor("vera", Channel.API, Scope.VIEWER)
PAGE = Page((SortKey("id"),), 100)
NO_PLAYBOOKS = RunSources(list, list_targets)
SURVEY = {
    "type": "object",
    "properties": {"version": {"type": "string"}, "count": {"type": "integer", "default": 1}},
    "required": ["version"],
}
NOTHING = dict.fromkeys(
    ("ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored"), 0
)


#: Fields of the template, whether the order is a check, the locks of the run.
LOCKS: list[tuple[dict[str, Any], bool, dict[str, str]]] = [
    ({}, False, {}),
    (
        {"host_lock": "exclusive"},
        False,
        {"host:web-1": "exclusive", "host:web-2": "exclusive"},
    ),
    ({"host_lock": "shared"}, False, {"host:web-1": "shared", "host:web-2": "shared"}),
    (
        {"host_lock": "exclusive", "locks": [{"name": "db"}]},
        True,
        {"db": "shared", "host:web-1": "shared", "host:web-2": "shared"},
    ),
    (
        {"locks": [{"name": "db"}, {"name": "cache", "mode": "shared"}]},
        False,
        {"db": "exclusive", "cache": "shared"},
    ),
]
#: Fields of the template and of the order, and how it is refused.
REFUSED: list[tuple[dict[str, Any], dict[str, Any], type[Exception], str]] = [
    ({}, {"template": "destroy"}, NotFound, "There is no template 'destroy'"),
    ({}, {"limit": "web-9"}, BadInput, "matches no node"),
    ({"filters": {"node_type": ["web"]}}, {"limit": "db-1"}, BadInput, "matches no node"),
    ({"filters": {"node_type": ["cache"]}}, {}, BadInput, "selects nothing"),
    ({}, {"answers": {"ansible_user": "x"}}, BadInput, "no question 'ansible_user'"),
    ({"survey": SURVEY}, {}, BadInput, r"see answers\.version"),
    ({"requires_limit": True}, {}, BadInput, "need a limit that names the nodes"),
    ({"requires_limit": True}, {"limit": "!web-1"}, BadInput, "need a limit that names"),
    ({"requires_limit": True}, {"limit": ","}, BadInput, "has no pattern"),
    ({"requires_limit": True}, {"limit": " "}, BadInput, "has no pattern"),
    ({"launch_role": "admin"}, {}, Forbidden, "'olaf' has the scope operator, and .* admin"),
]


@pytest.fixture
def ready(store: Database) -> Database:
    with store.writing() as session:
        add_template(session)
    return store


def test_an_order_becomes_a_run_with_its_whole_input(store: Database) -> None:
    with store.writing() as session:
        add_template(
            session,
            survey=SURVEY,
            variables={"colour": "blue"},
            tags=["base", "app"],
            skip_tags=["slow"],
            forks=7,
            verbosity=1,
            idle_timeout_s=60,
            timeout_s=600,
            concurrency=2,
            limit_variable="deploy_to",
            is_idempotent=True,
        )
        answers = {"version": "{{ 7 * 7 }}"}
        fields = {"tags": ["app"], "skip_tags": ["db"], "check": True, "diff": True}
        run = order(session, limit="web,!web-2", answers=answers, reason="now", **fields)
        assert run.options == {
            "tags": ["app"],
            "skip_tags": ["slow", "db"],
            "check": True,
            "diff": True,
            "forks": 7,
            "verbosity": 1,
            "idle_timeout_s": 60,
            "timeout_s": 600,
            "concurrency": 2,
            "limit_variable": "deploy_to",
        }
        assert (run.playbook, run.limit, run.hosts) == (
            "acme.shop.deploy",
            "web,!web-2",
            ["web-1"],
        )
        assert (run.variables, run.answers) == (
            {"colour": "blue"},
            {"version": "{{ 7 * 7 }}", "count": 1},
        )
        assert (run.is_idempotent, run.state) == (True, "queued")
        record = session.query(AuditRecord).order_by(AuditRecord.id.desc()).first()
        assert record is not None
        assert (record.actor, record.action, record.subject) == ("olaf", "order", str(run.id))
        assert (record.after, record.reason) == (
            {"template": "deploy", "limit": "web,!web-2", "hosts": 1},
            "now",
        )
        assert describe_run(session, run) == run.as_dict() | {"hosts": ["web-1"], "slices": []}


def test_a_run_locks_what_its_template_names_and_shares_it_when_it_only_looks(
    store: Database,
) -> None:
    with store.writing() as session:
        for number, (fields, is_check, locks) in enumerate(LOCKS):
            add_template(session, f"t{number}", **fields)
            run = order(session, f"t{number}", limit="web", check=is_check)
            assert (number, run.locks) == (number, locks)


def test_an_order_that_can_not_be_met_leaves_no_run(store: Database) -> None:
    with store.writing() as session:
        for number, (made, fields, error, reason) in enumerate(REFUSED):
            add_template(session, f"t{number}", **made)
            with pytest.raises(error, match=reason):
                order(session, **{"template": f"t{number}"} | fields)
        assert list_runs(session, {}, PAGE) == []


def test_only_a_template_in_use_whose_playbook_is_there_can_be_ordered(ready: Database) -> None:
    with ready.writing() as session:
        with pytest.raises(BadInput, match="There is no playbook"):
            order_run(session, OPERATOR, RunOrder(template="deploy"), sources=NO_PLAYBOOKS)
        with pytest.raises(Forbidden):
            order_run(session, VIEWER, RunOrder(template="deploy"), sources=SOURCES)
        retire_entry(session, ADMIN, Template, "deploy", RetirementRequest())
        with pytest.raises(Conflict, match="Template 'deploy' is retired"):
            order(session)


def test_who_may_order_is_said_by_the_template_alone(store: Database) -> None:
    with store.writing() as session:
        add_template(session, launch_role="viewer", requires_limit=True)
        run = order_run(session, VIEWER, RunOrder(template="deploy", limit="all"), sources=SOURCES)
        assert (run.requested_by, run.hosts) == ("vera", HOSTS)


def fail_run(store: Database, **failed: dict[str, int]) -> int:
    """Order a run of all hosts, and end it with these results; return its id."""
    with store.writing() as session:
        run = order(session, limit="all", answers={}, reason="first")
        for host, counts in failed.items():
            name = host.replace("_", "-")
            session.add(HostResult(run_id=run.id, host=name, **NOTHING | counts))
        session.flush()
        (taken,) = start(session)
        end_run(session, taken, RunState.FAILED, "failed", exit_code=2)
        return run.id


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [(RelaunchHosts.ALL, HOSTS), (RelaunchHosts.FAILED, ["db-1", "web-2"])],
)
def test_a_relaunch_is_the_same_run_for_all_or_for_the_failed_hosts(
    ready: Database, hosts: RelaunchHosts, expected: list[str]
) -> None:
    first_id = fail_run(
        ready,
        web_1={"ok": 1, "ignored": 1, "rescued": 1, "skipped": 1},
        web_2={"failed": 1},
        db_1={"unreachable": 1},
        localhost={"failed": 1},
    )
    with ready.writing() as session:
        change_template(session, ADMIN, "deploy", TemplateChange(forks=99))
        wish = RelaunchOrder(hosts=hosts, reason="again")
        again = relaunch_run(session, ADMIN, first_id, wish, sources=SOURCES)
        assert (again.hosts, again.relaunch_of, again.reason) == (expected, first_id, "again")
        assert (again.requested_by, again.door, again.state) == ("ann", "cli", "queued")
        assert again.options == get_run(session, first_id).options


def test_what_can_not_be_relaunched_is_refused(ready: Database) -> None:
    first_id = fail_run(ready, web_1={"ok": 1}, localhost={"failed": 1})
    whole, failed = RelaunchOrder(), RelaunchOrder(hosts=RelaunchHosts.FAILED)
    with ready.writing() as session:
        with pytest.raises(NotFound, match="There is no run 99"):
            relaunch_run(session, ADMIN, 99, whole, sources=SOURCES)
        with pytest.raises(Conflict, match=f"No node of run {first_id} failed"):
            relaunch_run(session, ADMIN, first_id, failed, sources=SOURCES)
        with pytest.raises(Forbidden):
            relaunch_run(session, VIEWER, first_id, whole, sources=SOURCES)
        with pytest.raises(BadInput, match="There is no playbook"):
            relaunch_run(session, ADMIN, first_id, whole, sources=NO_PLAYBOOKS)
        waiting = order(session)
        with pytest.raises(Conflict, match=f"Run {waiting.id} is queued. Relaunch it when"):
            relaunch_run(session, ADMIN, waiting.id, whole, sources=SOURCES)
        narrow = TemplateChange(filters={"node_type": ["db"]})
        change_template(session, ADMIN, "deploy", narrow)
        with pytest.raises(Conflict, match=r"does not allow 2 of the hosts .* of them web-1"):
            relaunch_run(session, ADMIN, first_id, whole, sources=SOURCES)
        retire_entry(session, ADMIN, Template, "deploy", RetirementRequest())
        with pytest.raises(Conflict, match="Template 'deploy' is retired"):
            relaunch_run(session, ADMIN, first_id, whole, sources=SOURCES)


def test_a_run_is_cancelled_by_its_number(ready: Database) -> None:
    with ready.writing() as session:
        run = order(session)
        assert cancel_run(session, OPERATOR, run.id, "why").state == "cancelled"
        with pytest.raises(Conflict, match="has ended"):
            cancel_run(session, OPERATOR, run.id, "why")
        with pytest.raises(NotFound, match="There is no run 99"):
            cancel_run(session, OPERATOR, 99, None)


def test_runs_are_listed_by_template_and_state(ready: Database) -> None:
    with ready.writing() as session:
        add_template(session, "clean")
        ids = [order(session, name).id for name in ("deploy", "clean", "deploy")]
        cancel_run(session, OPERATOR, ids[2], None)
        found = {
            name: [run.id for run in list_runs(session, filters, PAGE)]
            for name, filters in {
                "all": {},
                "none": {"template": [], "state": []},
                "deploy": {"template": ["deploy"]},
                "queued": {"state": ["queued"]},
                "both": {"template": ["deploy"], "state": ["cancelled", "failed"]},
                "either": {"template": ["deploy", "clean"]},
            }.items()
        }
        assert found == {
            "all": ids,
            "none": ids,
            "deploy": [ids[0], ids[2]],
            "queued": ids[:2],
            "both": [ids[2]],
            "either": ids,
        }


@pytest.mark.parametrize(
    ("of_template", "of_order", "wanted"),
    [
        ([], ["app"], ["app"]),
        (["base", "app"], [], ["base", "app"]),
        (["base", "app"], ["app"], ["app"]),
    ],
)
def test_an_order_chooses_among_the_tags_of_its_template(
    store: Database, of_template: list[str], of_order: list[str], wanted: list[str]
) -> None:
    with store.writing() as session:
        add_template(session, tags=of_template)
        assert order(session, tags=of_order).options["tags"] == wanted


def test_an_order_adds_no_tag_to_those_of_its_template(store: Database) -> None:
    with store.writing() as session:
        add_template(session, tags=["base"])
        with pytest.raises(BadInput, match="'all' is none of them"):
            order(session, tags=["base", "all"])

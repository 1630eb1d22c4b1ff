# SPDX-License-Identifier: Apache-2.0
"""A workflow is ordered whole, approved by others, cancelled, and begun anew where it failed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, Forbidden, NotFound
from inventory_service.core.pagination import Page, SortKey
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.claims import end_run
from inventory_service.runs.usecases.orders import get_run
from inventory_service.workflows.models.workflows import Workflow
from inventory_service.workflows.usecases.orders import list_workflow_runs
from tests.service.run_rows import ADMIN, OPERATOR, add_template, start
from tests.service.workflow_rows import SURVEY, Workflows, ask, step

PAGE = Page((SortKey("id"),), 100)


def test_its_first_steps_begin_in_the_transaction_of_the_order(
    workflows: Workflows, store: Database
) -> None:
    workflows.add(step("a", limit="web-1"), step("b"), step("c", "a", "b"))
    run_id = workflows.order()
    assert workflows.states(run_id) == {"a": "running", "b": "running", "c": "waiting"}
    first = workflows.show(run_id)["steps"][0]["run_id"]
    with store.reading() as session:
        run = get_run(session, first)
        assert (run.hosts, run.requested_by, run.door) == (["web-1"], "olaf", "workflow")
        assert run.reason == f"step a of workflow run {run_id}"


def test_it_goes_on_as_it_was_ordered(workflows: Workflows, store: Database) -> None:
    workflows.add(step("a"), step("b", "a"))
    run_id = workflows.order()
    with store.writing() as session:
        retire_entry(session, ADMIN, Workflow, "release", RetirementRequest())
    workflows.end(run_id, "a")
    assert workflows.states(run_id)["b"] == "running"
    with pytest.raises(Conflict, match="retired"):
        workflows.order()


def test_what_a_later_step_would_be_refused_for_is_refused_at_once(
    workflows: Workflows, store: Database
) -> None:
    with store.writing() as session:
        add_template(session, "closed", launch_role="admin")
    workflows.add(step("a"), step("b", "a", template="closed"))
    with pytest.raises(Forbidden, match="'closed' need admin"):
        workflows.order()
    workflows.add(step("a"), name="mine", launch_role="admin")
    with pytest.raises(Forbidden, match="'mine' needs admin"):
        workflows.order("mine")
    with pytest.raises(NotFound):
        workflows.order("none")
    with store.writing() as session:
        retire_entry(session, ADMIN, Template, "closed", RetirementRequest())
    with pytest.raises(Conflict, match="retired"):
        workflows.order()


def test_answers_are_asked_once_and_secret_ones_are_in_no_row(
    workflows: Workflows, store: Database
) -> None:
    both = {"version": "version", "pin": "pin"}
    workflows.add(step("a", answers_from=both), step("b", answers={"version": "0"}), survey=SURVEY)
    run_id = workflows.order(version="1.2", pin="sentinel")
    shown = workflows.show(run_id)
    assert shown["answers"] == {"version": "1.2", "pin": "(hidden)"}
    with store.reading() as session:
        runs = [get_run(session, one["run_id"]) for one in shown["steps"]]
        assert [run.answers for run in runs] == [shown["answers"], {"version": "0"}]
        for table in ("workflow_runs", "runs", "audit_records"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - our own names
            assert "sentinel" not in str(rows)
    with pytest.raises(BadInput, match="no question 'other'"):
        workflows.order(other=1)


def test_an_approval_lets_it_go_on(workflows: Workflows) -> None:
    workflows.add(step("a"), ask("ok", "a", message="Look at a"), step("b", "ok"))
    run_id = workflows.order()
    workflows.end(run_id, "a")
    waiting = workflows.show(run_id)["steps"][1]
    assert (waiting["state"], waiting["state_reason"]) == ("awaiting_approval", "Look at a")
    with pytest.raises(Forbidden, match="somebody else"):
        workflows.decide(run_id, "ok", "approve", actor=OPERATOR)
    workflows.decide(run_id, "ok", "approve")
    assert workflows.states(run_id)["b"] == "running"
    workflows.end(run_id, "b")
    shown = workflows.show(run_id)
    assert (shown["state"], shown["ended_at"] is None) == ("successful", False)
    assert [one["approver"] for one in shown["decisions"]] == ["olga"]


def test_two_approvals_are_of_two_people(workflows: Workflows) -> None:
    workflows.add(ask("ok", approvals_needed=2), step("b", "ok"))
    run_id = workflows.order()
    workflows.decide(run_id, "ok", "approve")
    with pytest.raises(Conflict, match="has decided"):
        workflows.decide(run_id, "ok", "approve")
    assert workflows.states(run_id) == {"ok": "awaiting_approval", "b": "waiting"}
    workflows.decide(run_id, "ok", "approve", actor=ADMIN)
    assert workflows.states(run_id) == {"ok": "successful", "b": "running"}


def test_a_rejection_is_a_failure_with_its_reason(workflows: Workflows) -> None:
    workflows.add(ask("ok"), step("b", "ok"), step("undo", "ok:failure"))
    run_id = workflows.order()
    with pytest.raises(NotFound, match="no step 'none'"):
        workflows.decide(run_id, "none", "reject")
    workflows.decide(run_id, "ok", "reject")
    shown = workflows.show(run_id)["steps"]
    assert [one["state"] for one in shown] == ["failed", "skipped", "running"]
    assert shown[0]["state_reason"] == "rejected by olga: looked at"


def test_an_approval_that_does_not_come_is_a_failure(workflows: Workflows) -> None:
    workflows.add(ask("ok", approval_expiry_s=60), step("b", "ok"))
    run_id = workflows.order()
    now = datetime.now(UTC)
    workflows.carry_on(now + timedelta(seconds=50))
    assert workflows.states(run_id)["ok"] == "awaiting_approval"
    workflows.carry_on(now + timedelta(seconds=61))
    assert workflows.states(run_id) == {"ok": "failed", "b": "skipped"}
    assert workflows.show(run_id)["state"] == "failed"


def test_a_cancelled_one_begins_nothing_and_ends_with_its_last_run(workflows: Workflows) -> None:
    workflows.add(step("a"), step("b", "a:always"), ask("ok"), step("c"))
    run_id = workflows.order()
    workflows.cancel(run_id)
    # Its runs waited for a worker, and have ended with it.
    shown = workflows.show(run_id)
    assert shown["state"] == "cancelled"
    assert shown["state_reason"] == "cancelled by olaf: no more"
    assert workflows.states(run_id) == {
        "a": "cancelled",
        "b": "cancelled",
        "ok": "cancelled",
        "c": "cancelled",
    }
    with pytest.raises(Conflict, match="ended"):
        workflows.cancel(run_id)


def test_a_live_run_keeps_a_cancelled_one_until_it_has_ended(
    workflows: Workflows, store: Database
) -> None:
    workflows.add(step("a"), step("b", "a"))
    run_id = workflows.order()
    number = workflows.show(run_id)["steps"][0]["run_id"]
    with store.writing() as session:
        [taken] = start(session)
    workflows.cancel(run_id)
    workflows.cancel(run_id)
    assert workflows.show(run_id)["state"] == "cancelling"
    with store.writing() as session:
        assert get_run(session, number).state == "cancelling"
        end_run(session, taken, RunState.CANCELLED, None, exit_code=-15)
    workflows.carry_on()
    assert workflows.show(run_id)["state"] == "cancelled"
    assert workflows.states(run_id)["b"] == "cancelled"


def test_it_begins_anew_where_it_failed(workflows: Workflows) -> None:
    workflows.add(step("a"), step("b", "a"), step("c", "b"))
    run_id = workflows.order()
    with pytest.raises(Conflict, match="Relaunch it when it has ended"):
        workflows.relaunch(run_id)
    workflows.end(run_id, "a")
    workflows.end(run_id, "b", RunState.FAILED)
    assert workflows.show(run_id)["state"] == "failed"
    again = workflows.relaunch(run_id)
    shown = workflows.show(again)
    assert shown["relaunch_of"] == run_id
    assert [one["state"] for one in shown["steps"]] == ["successful", "running", "waiting"]
    assert shown["steps"][0]["state_reason"] == f"kept from workflow run {run_id}"
    assert shown["steps"][0]["run_id"] == workflows.show(run_id)["steps"][0]["run_id"]
    workflows.end(again, "b")
    workflows.end(again, "c")
    assert workflows.show(again)["state"] == "successful"
    with pytest.raises(Conflict, match="ended well"):
        workflows.relaunch(again)
    whole = workflows.relaunch(again, steps="all")
    assert workflows.states(whole) == {"a": "running", "b": "waiting", "c": "waiting"}


def test_each_act_is_on_record_and_runs_are_listed(workflows: Workflows, store: Database) -> None:
    workflows.add(ask("ok"))
    first, second = workflows.order(), workflows.order()
    workflows.decide(first, "ok", "approve")
    workflows.cancel(second)
    with store.reading() as session:
        query = select(AuditRecord).where(AuditRecord.noun == "workflow_run")
        records = session.scalars(query.order_by(AuditRecord.id)).all()
        assert [(one.action, one.actor, one.subject) for one in records] == [
            ("order", "olaf", str(first)),
            ("order", "olaf", str(second)),
            ("approve", "olga", str(first)),
            ("successful", "worker", str(first)),
            ("cancelling", "olaf", str(second)),
            ("cancelled", "worker", str(second)),
        ]
        found = list_workflow_runs(session, {"state": ["cancelled"]}, PAGE)
        assert [one.id for one in found] == [second]
        assert list_workflow_runs(session, {"workflow": ["other"]}, PAGE) == []

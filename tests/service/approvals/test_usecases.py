# SPDX-License-Identifier: Apache-2.0
"""From a plan to the run that applies it: what is refused, what waits, what approvals do."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from inventory_service.approvals.domain import Decision, DecisionRequest
from inventory_service.approvals.usecases import (
    apply_plan,
    decide,
    expire_runs,
    has_expired,
    list_approvals,
)
from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, Forbidden, NotFound
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.runs.domain.orders import RelaunchOrder, RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.claims import end_run, recover_run, take_runs
from inventory_service.runs.usecases.orders import get_run, order_run, relaunch_run
from tests.service.approvals.plan_rows import (
    ANNA,
    BERT,
    CARL,
    DIGEST,
    HOSTS,
    LEASE,
    PLAYBOOK,
    SOURCES,
    add_template,
    apply,
    make_plan,
    take,
)

APPROVE = DecisionRequest(digest=DIGEST, decision=Decision.APPROVE)
REJECT = DecisionRequest(digest=DIGEST, decision=Decision.REJECT, comment="not on a Friday")


def test_a_template_with_approvals_runs_checks_and_plans_only(store: Database) -> None:
    with store.writing() as session:
        add_template(session, approvals_needed=1)
        with pytest.raises(Conflict, match="qm run shop --plan"):
            order_run(session, CARL, RunOrder(template="shop"), sources=SOURCES)
        plan = make_plan(session)
        assert (plan.options["check"], plan.options["diff"]) == (True, True)
        check = order_run(session, ANNA, RunOrder(template="shop", check=True), sources=SOURCES)
        assert (check.is_plan, check.state) == (False, "queued")


def test_an_application_has_the_input_of_its_plan_and_locks_of_its_own(store: Database) -> None:
    with store.writing() as session:
        add_template(session, locks=[{"name": "db"}])
        plan = make_plan(session)
        run = apply(session, plan)
        assert (run.state, run.approvals) == ("queued", {"needed": 0, "given": 0})
        assert (run.plan_of, run.digest, run.changes) == (plan.id, DIGEST, 2)
        assert run.options == plan.options | {"check": False}
        same = ("playbook", "hosts", "variables", "answers", "limit", "template")
        assert all(getattr(run, name) == getattr(plan, name) for name in same)
        assert set(plan.locks.values()) == {"shared"}
        assert run.locks == dict.fromkeys(("db", "host:web-1", "host:web-2"), "exclusive")
        assert not run.is_plan


def test_what_cannot_be_applied_is_refused_with_the_reason(store: Database) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"changes": 0}, "nothing to apply"),
        ({"state": RunState.FAILED}, "is failed"),
        ({"is_whole": False}, "has no digest"),
    ]
    with store.writing() as session:
        add_template(session)
        for fields, word in cases:
            plan = make_plan(session, **fields)
            with pytest.raises(Conflict, match=word):
                apply(session, plan)
        check = order_run(session, ANNA, RunOrder(template="shop", check=True), sources=SOURCES)
        with pytest.raises(Conflict, match="is no plan"):
            apply(session, check)
        with pytest.raises(NotFound):
            apply_plan(session, ANNA, 999, None, sources=SOURCES)


def test_a_plan_is_applied_once_and_under_the_rules_of_an_order(store: Database) -> None:
    viewer = Actor("vera", Channel.API, Scope.VIEWER)
    fewer = RunSources(lambda: {PLAYBOOK}, lambda _session, _filters: [Target(HOSTS[0], [])])
    nothing = RunSources(lambda: (), SOURCES.list_targets)
    with store.writing() as session:
        add_template(session)
        plan = make_plan(session)
        with pytest.raises(Forbidden):
            apply_plan(session, viewer, plan.id, None, sources=SOURCES)
        with pytest.raises(Conflict, match="web-2"):
            apply_plan(session, ANNA, plan.id, None, sources=fewer)
        with pytest.raises(BadInput):
            apply_plan(session, ANNA, plan.id, None, sources=nothing)
        run = apply(session, plan)
        with pytest.raises(Conflict, match=f"Run {run.id} applies plan {plan.id} already"):
            apply(session, plan)
        other = make_plan_beside(session, run)
        retire_entry(session, CARL, Template, "shop", RetirementRequest())
        with pytest.raises(Conflict, match="retired"):
            apply(session, other)


def make_plan_beside(session: Any, run: Run) -> Run:
    """Return another plan, once the run that waits is out of the way."""
    run.cancel(ANNA, None)
    return make_plan(session)


def test_the_last_approval_queues_the_run(store: Database) -> None:
    with store.writing() as session:
        add_template(session, approvals_needed=2)
        run = apply(session, make_plan(session))
        assert run.state == "awaiting_approval"
        assert "has 0 of 2 approvals by the role approver" in (run.state_reason or "")
        assert take_runs(session, "here", owner="1:1:1", slots=9, lease=LEASE) == []
        decide(session, BERT, run.id, APPROVE)
        assert (run.state, run.approvals["given"]) == ("awaiting_approval", 1)
        assert "has 1 of 2" in (run.state_reason or "")
        with pytest.raises(Conflict, match="'bert' has decided"):
            decide(session, BERT, run.id, APPROVE)
        decide(session, CARL, run.id, APPROVE)
        assert (run.state, run.state_reason) == ("queued", None)
        assert [one.approver for one in list_approvals(session, run.id)] == ["bert", "carl"]
        with pytest.raises(Conflict, match="is queued"):
            decide(session, Actor("dora", Channel.API, Scope.ADMIN), run.id, APPROVE)


def test_each_decision_leaves_one_record(store: Database) -> None:
    with store.writing() as session:
        add_template(session, approvals_needed=1)
        first, second = (apply(session, make_plan(session)) for _ in range(2))
        decide(session, BERT, first.id, APPROVE)
        decide(session, BERT, second.id, REJECT)
        query = select(AuditRecord).where(AuditRecord.actor == "bert")
        records = session.scalars(query.order_by(AuditRecord.id)).all()
        assert [(one.action, one.subject, one.door) for one in records] == [
            ("approve", str(first.id), "cli"),
            ("reject", str(second.id), "cli"),
        ]
        assert [one.reason for one in records] == [None, "not on a Friday"]
        assert all((one.after or {})["digest"] == DIGEST for one in records)


def test_one_rejection_ends_the_run(store: Database) -> None:
    with store.writing() as session:
        add_template(session, approvals_needed=2)
        run = apply(session, make_plan(session))
        decide(session, BERT, run.id, APPROVE)
        decide(session, CARL, run.id, REJECT)
        assert (run.state, run.state_reason) == ("rejected", "rejected by carl: not on a Friday")
        assert run.ended_at is not None


def test_the_requester_and_playbooks_decide_nothing(store: Database) -> None:
    playbook = Actor("bert", Channel.API, Scope.OPERATOR, token="run-12-1")
    second = replace(ANNA, token="phone")
    with store.writing() as session:
        add_template(session, approvals_needed=1)
        run = apply(session, make_plan(session))
        for actor in (ANNA, second, playbook):
            for request in (APPROVE, REJECT):
                with pytest.raises(Forbidden):
                    decide(session, actor, run.id, request)
        assert list_approvals(session, run.id) == []
        with pytest.raises(NotFound):
            decide(session, BERT, 999, APPROVE)
        with pytest.raises(NotFound):
            list_approvals(session, 999)


def test_a_run_that_nobody_approved_in_time_expires(store: Database) -> None:
    with store.writing() as session:
        add_template(session, approvals_needed=1, approval_expiry_s=60)
        run = apply(session, make_plan(session))
        assert not has_expired(session)
        assert run.expires_at is not None
        late = run.expires_at - timedelta(seconds=61)
        session.execute(update(Run).where(Run.id == run.id).values(expires_at=late))
        session.refresh(run)
        with pytest.raises(Conflict, match="Order a new plan"):
            decide(session, BERT, run.id, APPROVE)
        assert has_expired(session)
        assert expire_runs(session) == [run.id]
        assert run.state == "expired"
        assert (run.state_reason or "").startswith("had 0 of 1 approvals until ")
        assert not has_expired(session)
        assert expire_runs(session) == []


def test_what_was_applied_under_approval_is_not_relaunched_without(store: Database) -> None:
    with store.writing() as session:
        add_template(session, approvals_needed=1)
        plan = make_plan(session)
        run = apply(session, plan)
        decide(session, BERT, run.id, APPROVE)
        end_run(session, take(session), RunState.FAILED, None, exit_code=2)
        with pytest.raises(Conflict, match="Order a plan first"):
            relaunch_run(session, ANNA, run.id, RelaunchOrder(), sources=SOURCES)
        again = relaunch_run(session, ANNA, plan.id, RelaunchOrder(), sources=SOURCES)
        assert (again.is_plan, again.digest, again.state) == (True, None, "queued")


def test_a_lost_application_that_may_be_repeated_stays_bound_to_its_plan(store: Database) -> None:
    with store.writing() as session:
        add_template(session, approvals_needed=1, is_idempotent=True)
        plan = make_plan(session)
        run = apply(session, plan)
        decide(session, BERT, run.id, APPROVE)
        recover_run(session, take(session), "killed")
        again = get_run(session, run.id + 1)
        assert (again.relaunch_of, again.plan_of, again.state) == (run.id, plan.id, "queued")

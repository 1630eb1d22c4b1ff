# SPDX-License-Identifier: Apache-2.0
"""Plans that have ended well, without Ansible, and a template whose runs need approvals."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from inventory_service.approvals.usecases import apply_plan
from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.plans import PlanBasis, PlanResult
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.claims import TakenRun, begin_run, end_run, take_runs
from inventory_service.runs.usecases.orders import get_run, order_run
from inventory_service.runs.usecases.templates import register_template

ANNA = Actor("anna", Channel.API, Scope.OPERATOR)
BERT = Actor("bert", Channel.CLI, Scope.OPERATOR)
CARL = Actor("carl", Channel.API, Scope.ADMIN)
PLAYBOOK = "playbooks/site.yml"
HOSTS = ("web-1", "web-2")
SOURCES = RunSources(
    lambda: {PLAYBOOK}, lambda _session, _filters: [Target(host, ["web"]) for host in HOSTS]
)
DIGEST = "d" * 64
BASIS = PlanBasis("order", "playbook", "fleet")
LEASE = timedelta(seconds=30)


def add_template(session: Session, name: str = "shop", **fields: Any) -> str:
    wanted = TemplateRegistration(template=name, playbook=PLAYBOOK, **fields)
    register_template(session, CARL, wanted, sources=SOURCES)
    return name


def take(session: Session) -> TakenRun:
    """Have a worker take the only run that waits, and a supervisor begin it."""
    [taken] = take_runs(session, "here", owner="1:1:1", slots=100, lease=LEASE)
    assert begin_run(session, taken, "1:1:1", LEASE)
    return taken


def make_plan(
    session: Session,
    template: str = "shop",
    *,
    changes: int = 2,
    state: RunState = RunState.SUCCESSFUL,
    is_whole: bool = True,
) -> Run:
    """Return a plan that has ended."""
    plan = order_run(session, ANNA, RunOrder(template=template, plan=True), sources=SOURCES)
    taken = take(session)
    is_bound = is_whole and state is RunState.SUCCESSFUL
    result = PlanResult(DIGEST, changes, BASIS) if is_bound else None
    assert end_run(session, taken, state, None, exit_code=0, plan=result)
    return get_run(session, plan.id)


def apply(session: Session, plan: Run) -> Run:
    """Return the run by which Anna applies a plan."""
    return apply_plan(session, ANNA, plan.id, None, sources=SOURCES)

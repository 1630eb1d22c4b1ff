# SPDX-License-Identifier: Apache-2.0
"""Apply plans, decide about the runs that do, and end those about which nobody decided in time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from inventory_service.approvals.domain import (
    Candidate,
    Decision,
    DecisionRequest,
    check_decision,
)
from inventory_service.approvals.models import Approval
from inventory_service.core.actors import Actor, Role
from inventory_service.core.errors import Conflict
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.claims import WORKER
from inventory_service.runs.usecases.credentials import is_of_run
from inventory_service.runs.usecases.orders import check_hosts, get_run, get_template, list_locks


def apply_plan(
    session: Session, actor: Actor, plan_id: int, reason: str | None, *, sources: RunSources
) -> Run:
    """Record a run that applies exactly the plan, once enough people have approved it.

    :raises NotFound: no such run.
    :raises Conflict: it is no plan, has not ended well, would change nothing, or is applied
        already; its template is retired, or does not allow one of its hosts any more.
    :raises Forbidden: the actor has not the role that its template needs.
    :raises BadInput: the playbook is not there any more.
    """
    plan = get_run(session, plan_id)
    _check_plan(plan)
    earlier = session.scalars(select(Run).where(Run.plan_of == plan_id)).first()
    if earlier is not None:
        raise Conflict(
            f"Run {earlier.id} applies plan {plan_id} already: it is {earlier.state}. To apply it "
            f"again, {_name_order(plan)}"
        )
    template = get_template(session, actor, plan.template)
    sources.check_playbook(plan.playbook)
    check_hosts(session, template, plan.hosts, sources=sources)
    run = plan.make_application(list_locks(template, plan.hosts, is_check=False))
    if template.approvals_needed:
        run.need_approvals(
            template.approvals_needed,
            template.approver_role,
            timedelta(seconds=template.approval_expiry_s),
        )
    run.submit(session, actor, reason)
    return run


def decide(session: Session, actor: Actor, run_id: int, request: DecisionRequest) -> Run:
    """Record an approval or a rejection; the last approval that is needed queues the run.

    :raises NotFound: no such run.
    :raises Conflict: the run does not wait for approvals, or no longer; the actor has decided
        already; the plan is another one than was read.
    :raises Forbidden: the actor ordered the run, is one, or has not the role.
    """
    run = get_run(session, run_id)
    candidate = _read_candidate(session, run)
    check_decision(
        candidate,
        actor,
        digest=request.digest,
        is_of_run=is_of_run(actor),
        now=datetime.now(UTC),
    )
    approval = Approval.give(
        session, actor, run_id, request.decision, digest=request.digest, comment=request.comment
    )
    if request.decision is Decision.REJECT:
        run.take_rejection(f"rejected by {actor.account}: {request.comment}", approval.revision)
    else:
        run.take_approval(approval.revision)
    return run


def list_approvals(session: Session, run_id: int) -> Sequence[Approval]:
    """Return what was decided about a run, in order.

    :raises NotFound: no such run.
    """
    get_run(session, run_id)
    query = select(Approval).where(Approval.run_id == run_id)
    return session.scalars(query.order_by(Approval.at, Approval.approver)).all()


def has_expired(session: Session) -> bool:
    """Return whether `expire_runs` would end a run, which only then needs the write lock."""
    return session.scalars(_select_expired().limit(1)).first() is not None


def expire_runs(session: Session) -> list[int]:
    """End the runs that waited too long for approvals; return their ids."""
    runs = session.scalars(_select_expired()).all()
    for run in runs:
        given = f"{run.approvals_given} of {run.approvals_needed} approvals"
        why = f"had {given} until {run.expires_at:%Y-%m-%dT%H:%M:%SZ}; order a new plan"
        run.end(RunState.EXPIRED, why, actor=WORKER)
    return [run.id for run in runs]


def _check_plan(plan: Run) -> None:
    name = f"Plan {plan.id}"
    if not plan.is_plan:
        raise Conflict(f"Run {plan.id} is no plan. To have one, {_name_order(plan)}")
    if plan.state != RunState.SUCCESSFUL:
        raise Conflict(f"{name} is {plan.state}; only one that has ended well can be applied.")
    if plan.digest is None:
        raise Conflict(f"{name} has no digest, since its log is not whole; {_name_order(plan)}")
    if not plan.changes:
        raise Conflict(f"{name} would change nothing: there is nothing to apply.")


def _name_order(plan: Run) -> str:
    return f"order a plan: qm run {plan.template} --plan"


def _read_candidate(session: Session, run: Run) -> Candidate:
    deciders = session.scalars(select(Approval.approver).where(Approval.run_id == run.id)).all()
    return Candidate(
        run_id=run.id,
        state=run.state,
        is_awaiting=run.state == RunState.AWAITING_APPROVAL,
        requested_by=run.requested_by,
        approver_role=Role(run.approver_role or Role.ADMIN),
        digest=run.digest or "",
        expires_at=run.expires_at or run.created_at,
        approvers=deciders,
    )


def _select_expired() -> Select[Run]:
    return select(Run).where(
        Run.state == RunState.AWAITING_APPROVAL.value, Run.expires_at <= datetime.now(UTC)
    )

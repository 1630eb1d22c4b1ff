# SPDX-License-Identifier: Apache-2.0
"""Carry workflows on: end the steps whose runs have ended, and begin those that follow.

What a step orders, and that it has, are of one transaction: whoever is killed meanwhile has done
nothing, and the next one does it all.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy.orm import Session

from inventory_service.core.actors import Channel, Scope
from inventory_service.core.errors import ServiceError
from inventory_service.core.redaction import redact
from inventory_service.identity.usecases.accounts import act_for
from inventory_service.runs.domain.orders import RunChoices, RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.queries import list_failed_hosts, list_slices
from inventory_service.runs.usecases.claims import WORKER
from inventory_service.runs.usecases.orders import get_run, order_run
from inventory_service.runs.usecases.secret_answers import open_secrets
from inventory_service.workflows import queries
from inventory_service.workflows.domain.progress import (
    Turn,
    choose_turn,
    explain_skip,
    judge,
)
from inventory_service.workflows.domain.states import StepState, WorkflowState
from inventory_service.workflows.domain.workflows import HostsFrom, StepKind, WorkflowStep
from inventory_service.workflows.models.runs import StepRun, WorkflowRun


def advance_workflows(session: Session, now: datetime, *, sources: RunSources) -> list[int]:
    """Carry on runs of workflows of which a step has ended, some at a time; return their ids."""
    ids = queries.list_progress(session, now)
    for run_id in ids:
        # Nobody else carries it on meanwhile.
        run = session.get_one(WorkflowRun, run_id, with_for_update=True)
        advance(session, run, now, sources=sources)
    return list(ids)


def advance(session: Session, run: WorkflowRun, now: datetime, *, sources: RunSources) -> None:
    """Carry a run of a workflow on, as far as it goes now."""
    steps = queries.list_steps(session, run.id)
    for step in steps:
        _settle(session, step, now)
    if run.state == WorkflowState.RUNNING:
        while _begin_steps(session, run, steps, sources):
            pass
    _conclude(run, steps)


def _settle(session: Session, step: StepRun, now: datetime) -> None:
    """End a step whose run has ended, or whose approvals did not come in time."""
    if step.state == StepState.AWAITING_APPROVAL and step.expires_at and step.expires_at <= now:
        step.end(StepState.FAILED, "was not approved in time")
    if step.state != StepState.RUNNING or step.run_id is None:
        return
    run = get_run(session, step.run_id)
    if RunState(run.state) in ENDED:
        why = f"run {run.id} is {run.state}" + (f": {run.state_reason}" if run.state_reason else "")
        has_changed = bool(queries.list_changed_hosts(session, _list_parts(session, run.id)))
        step.end(_judge_run(run), why, has_changed=has_changed)


def _judge_run(run: Run) -> StepState:
    if run.state == RunState.SUCCESSFUL:
        return StepState.SUCCESSFUL
    return StepState.CANCELLED if run.state == RunState.CANCELLED else StepState.FAILED


def _begin_steps(
    session: Session, run: WorkflowRun, steps: Sequence[StepRun], sources: RunSources
) -> bool:
    """Begin or skip what follows; return whether that may have consequences of its own."""
    statuses = {step.step: step.status for step in steps}
    declared = {one.step: one for one in run.list_steps()}
    has_ended = False
    for step in steps:
        if step.state != StepState.WAITING:
            continue
        wanted = declared[step.step]
        turn = choose_turn(wanted, statuses)
        if turn is Turn.SKIP:
            step.end(StepState.SKIPPED, explain_skip(wanted, statuses))
            has_ended = True
        elif turn is Turn.START:
            has_ended |= _begin(session, run, step, wanted, sources)
    return has_ended


def _begin(
    session: Session, run: WorkflowRun, step: StepRun, wanted: WorkflowStep, sources: RunSources
) -> bool:
    """Begin a step; return whether it has ended already, since its run can't be ordered."""
    if wanted.kind is StepKind.APPROVAL:
        step.ask(timedelta(seconds=wanted.approval_expiry_s), wanted.message)
        return False
    try:
        order = _make_order(session, run, wanted, sources)
        actor = act_for(
            session, run.requested_by, Channel.WORKFLOW, Scope(run.scope), token=run.token
        )
        step.start(order_run(session, actor, order, sources=sources).id)
    except (ServiceError, ValidationError) as error:
        step.end(StepState.FAILED, redact(f"its run can't be ordered: {_explain(error)}"))
        return True
    return False


def _make_order(
    session: Session, run: WorkflowRun, wanted: WorkflowStep, sources: RunSources
) -> RunOrder:
    chosen = {name: getattr(wanted, name) for name in RunChoices.model_fields}
    given = run.answers | open_secrets(run.sealed_answers, sources.unseal)
    asked = {
        question: given[source]
        for question, source in wanted.answers_from.items()
        if source in given
    }
    chosen["answers"] = wanted.answers | asked
    if wanted.limit_from is not None:
        chosen["limit"] = ",".join(_list_hosts(session, run.id, wanted.limit_from))
    reason = f"step {wanted.step} of workflow run {run.id}"
    return RunOrder(template=wanted.template or "", reason=reason, **chosen)


def _list_hosts(session: Session, workflow_run_id: int, wanted: HostsFrom) -> Sequence[str]:
    """Return hosts of an earlier step, by name; of one that had no run there are none."""
    step = session.get_one(StepRun, (workflow_run_id, wanted.step))
    if step.run_id is None:
        return []
    hosts = get_run(session, step.run_id).hosts
    if wanted.hosts == "all":
        return hosts
    list_chosen = list_failed_hosts if wanted.hosts == "failed" else queries.list_changed_hosts
    chosen = set(list_chosen(session, _list_parts(session, step.run_id)))
    return [host for host in hosts if host in chosen]


def _list_parts(session: Session, run_id: int) -> list[int]:
    """Return the runs that have the results of a run: itself, and its slices."""
    return [run_id, *(part.id for part in list_slices(session, run_id))]


def _conclude(run: WorkflowRun, steps: Sequence[StepRun]) -> None:
    statuses = {step.step: step.status for step in steps}
    state = judge(run.list_steps(), statuses)
    if state is None:
        return
    if run.state == WorkflowState.CANCELLING:
        run.end(WorkflowState.CANCELLED, run.state_reason, actor=WORKER)
        return
    bad = [step for step in steps if step.state in {StepState.FAILED, StepState.CANCELLED}]
    why = f"step '{bad[0].step}': {bad[0].state_reason}" if bad else None
    run.end(state, why, actor=WORKER)


def _explain(error: ServiceError | ValidationError) -> str:
    """Return what an error names, in one line."""
    if isinstance(error, ServiceError):
        faults = [f"{fault.field} {fault.reason}" for fault in error.field_errors]
        return " ".join([error.detail, *faults[:5]])
    return "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors()[:5])

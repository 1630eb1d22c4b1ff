# SPDX-License-Identifier: Apache-2.0
"""Order workflows, once and again, cancel them, decide about their steps, and read them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Role
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import Conflict, Forbidden, NotFound
from inventory_service.core.pagination import Page
from inventory_service.fleet.usecases.catalog import get_entry
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.credentials import is_of_run
from inventory_service.runs.usecases.orders import cancel_run, get_template
from inventory_service.runs.usecases.secret_answers import hide_secrets
from inventory_service.runs.usecases.surveys import check_answers
from inventory_service.workflows import queries
from inventory_service.workflows.domain.approvals import StepCandidate, check_step_decision
from inventory_service.workflows.domain.states import ENDED_STEPS, StepState, WorkflowState
from inventory_service.workflows.domain.workflows import (
    StepDecision,
    WorkflowOrder,
    WorkflowRelaunch,
    WorkflowStep,
)
from inventory_service.workflows.models.decisions import StepApproval
from inventory_service.workflows.models.runs import StepRun, WorkflowRun
from inventory_service.workflows.models.workflows import Workflow
from inventory_service.workflows.usecases.progress import advance


def order_workflow(
    session: Session, actor: Actor, order: WorkflowOrder, *, sources: RunSources
) -> WorkflowRun:
    """Record a run of a workflow with its whole input, and begin its first steps.

    :raises NotFound: no such workflow.
    :raises Conflict: it, or one of its templates, is retired.
    :raises Forbidden: the actor has not the role that it, or one of its templates, needs.
    :raises BadInput: an answer is not valid.
    """
    workflow = _get_workflow(session, actor, order.workflow)
    given = check_answers(session, workflow.survey, order.answers)
    answers, sealed = hide_secrets(workflow.survey, given, sources.seal)
    run = WorkflowRun(
        workflow=workflow.workflow, steps=workflow.steps, answers=answers, sealed_answers=sealed
    )
    _check_templates(session, actor, run.list_steps())
    run.submit(session, actor, order.reason)
    for number, step in enumerate(run.list_steps()):
        session.add(StepRun.make(run.id, number, step.step))
    session.flush()
    advance(session, run, datetime.now(UTC), sources=sources)
    return run


def relaunch_workflow(
    session: Session, actor: Actor, run_id: int, wanted: WorkflowRelaunch, *, sources: RunSources
) -> WorkflowRun:
    """Record the same once more, as it was; steps that ended well are kept, unless all are wanted.

    :raises NotFound: no such run.
    :raises Conflict: it has not ended, nothing of it failed, or its workflow is retired.
    :raises Forbidden: the actor has not the role that it, or one of its templates, needs.
    """
    first = get_workflow_run(session, run_id)
    if first.is_live:
        raise Conflict(f"{first.label} is {first.state}. Relaunch it when it has ended.")
    workflow = _get_workflow(session, actor, first.workflow)
    kept = {
        one.step: one
        for one in queries.list_steps(session, run_id)
        if one.state == StepState.SUCCESSFUL and wanted.steps == "failed"
    }
    if len(kept) == len(first.steps):
        raise Conflict(f"All steps of workflow run {run_id} ended well. To begin anew: --all")
    run = WorkflowRun(
        workflow=workflow.workflow,
        steps=first.steps,
        answers=first.answers,
        sealed_answers=first.sealed_answers,
        relaunch_of=first.id,
    )
    _check_templates(session, actor, run.list_steps())
    run.submit(session, actor, wanted.reason)
    for number, step in enumerate(run.list_steps()):
        made = StepRun.make(run.id, number, step.step)
        if step.step in kept:
            made.keep(kept[step.step])
        session.add(made)
    session.flush()
    advance(session, run, datetime.now(UTC), sources=sources)
    return run


def cancel_workflow(
    session: Session, actor: Actor, run_id: int, reason: str | None, *, sources: RunSources
) -> WorkflowRun:
    """Begin no further step, and stop what is live; a second time changes nothing.

    :raises NotFound: no such run.
    :raises Conflict: it has ended.
    """
    run = _lock(session, run_id)
    if run.state == WorkflowState.CANCELLING:
        return run
    run.cancel(actor, reason)
    for step in queries.list_steps(session, run_id):
        live = session.get(Run, step.run_id) if step.state == StepState.RUNNING else None
        if live is not None and RunState(live.state) not in ENDED:
            cancel_run(session, actor, live.id, f"workflow run {run_id} is cancelled")
        elif live is None and StepState(step.state) not in ENDED_STEPS:
            step.end(StepState.CANCELLED, None)
    advance(session, run, datetime.now(UTC), sources=sources)
    return run


def decide_step(
    session: Session,
    actor: Actor,
    run_id: int,
    name: str,
    wanted: StepDecision,
    *,
    sources: RunSources,
) -> WorkflowRun:
    """Record an approval or a rejection of a step; the last approval that is needed ends it well.

    :raises NotFound: no such run, or no such step of it.
    :raises Conflict: the step does not wait for approvals, or no longer, or the actor has decided.
    :raises Forbidden: the actor ordered the workflow, is a run, or has not the role.
    """
    run = _lock(session, run_id)
    step = session.get(StepRun, (run_id, name))
    if step is None:
        raise NotFound(f"{run.label} has no step '{name[:64]}'. `qm workflow status {run_id}`")
    declared = next(one for one in run.list_steps() if one.step == name)
    decided = [one for one in queries.list_decisions(session, run_id) if one.step == name]
    candidate = StepCandidate(
        label=step.label,
        state=step.state,
        requested_by=run.requested_by,
        approver_role=declared.approver_role,
        expires_at=step.expires_at,
        approvers=[one.approver for one in decided],
    )
    now = datetime.now(UTC)
    check_step_decision(candidate, actor, is_of_run=is_of_run(actor), now=now)
    StepApproval.give(session, actor, step, wanted)
    if wanted.decision == "reject":
        step.end(StepState.FAILED, f"rejected by {actor.account}: {wanted.comment}")
    else:
        step.take_approval(declared.approvals_needed)
    advance(session, run, now, sources=sources)
    return run


def get_workflow_run(session: Session, run_id: int) -> WorkflowRun:
    """Return a run of a workflow.

    :raises NotFound: no such run.
    """
    run = session.get(WorkflowRun, run_id)
    if run is None:
        raise NotFound(f"There is no workflow run {run_id}. `qm workflow runs` shows the others.")
    return run


def _lock(session: Session, run_id: int) -> WorkflowRun:
    """Return a run of a workflow that nobody else carries on meanwhile.

    :raises NotFound: no such run.
    """
    run = get_workflow_run(session, run_id)
    session.refresh(run, with_for_update=True)
    return run


def list_workflow_runs(
    session: Session, filters: Mapping[str, Sequence[str]], page: Page
) -> Sequence[WorkflowRun]:
    """Return a page of runs of workflows; filters are by `workflow` and `state`."""
    query = select(WorkflowRun)
    if filters.get("workflow"):
        query = query.where(WorkflowRun.workflow.in_(filters["workflow"]))
    if filters.get("state"):
        query = query.where(WorkflowRun.state.in_(filters["state"]))
    return read_page(session, WorkflowRun, query, page)


def describe_workflow_run(session: Session, run: WorkflowRun) -> dict[str, Any]:
    """Return what outsiders see of one run of a workflow, with its steps and decisions."""
    declared = {one.step: one for one in run.list_steps()}
    steps = [
        _describe_step(declared[one.step]) | one.as_dict()
        for one in queries.list_steps(session, run.id)
    ]
    decisions = [one.as_dict() for one in queries.list_decisions(session, run.id)]
    return run.as_dict() | {"steps": steps, "decisions": decisions}


def _describe_step(step: WorkflowStep) -> dict[str, Any]:
    names = {"kind", "needs", "join", "template", "message", "approvals_needed", "approver_role"}
    return step.model_dump(mode="json", include=names)


def _get_workflow(session: Session, actor: Actor, name: str) -> Workflow:
    workflow = get_entry(session, Workflow, name)
    if workflow.retired_at is not None:
        raise Conflict(f"Workflow '{name}' is retired. `qm workflow list` shows the others.")
    if not actor.may(Role(workflow.launch_role), None):
        raise Forbidden(f"{actor.describe()}, and '{name}' needs {workflow.launch_role}.")
    return workflow


def _check_templates(session: Session, actor: Actor, steps: Sequence[WorkflowStep]) -> None:
    """Refuse at once what a later step would be refused for.

    :raises ServiceError: as `get_template`.
    """
    for step in steps:
        if step.template is not None:
            get_template(session, actor, step.template)

# SPDX-License-Identifier: Apache-2.0
"""Routes of workflows' runs: order, show, approve, cancel, relaunch."""

from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role
from inventory_service.core.errors import Conflict, Forbidden, NotFound
from inventory_service.core.field_types import Label
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor, get_component
from inventory_service.http.idempotency import transactional
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response, resource_response
from inventory_service.http.transactions import reading
from inventory_service.runs.domain.orders import CancellationRequest
from inventory_service.runs.domain.sources import RunSources
from inventory_service.workflows.domain.states import WorkflowState
from inventory_service.workflows.domain.workflows import (
    StepDecision,
    WorkflowOrder,
    WorkflowRelaunch,
)
from inventory_service.workflows.models.runs import WorkflowRun
from inventory_service.workflows.routes.schemas import WholeWorkflowRunOut, WorkflowRunOut
from inventory_service.workflows.usecases import orders as acts

PREFIX = "/api/v1/workflow-runs"
routes = APIBlueprint(
    "workflow_runs",
    __name__,
    url_prefix=PREFIX,
    abp_tags=[Tag(name="workflows")],
    abp_security=SECURITY,
)
LISTING = ListSpec(
    WorkflowRun,
    WorkflowRunOut,
    tiebreakers=("id",),
    sortable=("id", "workflow", "state", "created_at", "ended_at"),
    sort="-id",
)


class WorkflowRunPath(BaseModel):
    """Which run of a workflow."""

    workflow_run_id: int = Field(ge=1, lt=2**31)


class StepPath(WorkflowRunPath):
    """Which of its steps."""

    step: str = Field(max_length=255)


class WorkflowRunQuery(ListQuery):
    """Filters, page, sort order and fields of a list of workflows' runs."""

    workflow: list[Label] = Field(default_factory=list, max_length=100)
    state: list[WorkflowState] = Field(default_factory=list, max_length=len(WorkflowState))
    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()


@routes.get("", summary="List workflows' runs", responses={200: page_of(WorkflowRunOut)})
@require_role(Role.VIEWER)
def list_workflow_runs(query: WorkflowRunQuery) -> Response:
    """Runs of workflows, the newest first unless `sort` is set."""
    with reading() as session:
        filters = query.model_dump(mode="json", include={"workflow", "state"})
        runs = acts.list_workflow_runs(session, filters, LISTING.read(query))
        return LISTING.answer(query, runs, lambda run: run.as_dict())


@routes.post("", summary="Order a workflow", responses={201: WorkflowRunOut})
@require_role(Role.VIEWER)
@raises(Forbidden, NotFound, Conflict)
@transactional
def order_workflow(session: Session, body: WorkflowOrder) -> Response:
    """Its first steps begin at once; it goes on as it was when it was ordered."""
    run = acts.order_workflow(session, get_actor(), body, sources=get_component(RunSources))
    return resource_response(run, HTTPStatus.CREATED, location=f"{PREFIX}/{run.id}")


@routes.get(
    "/<workflow_run_id>", summary="Show a workflow's run", responses={200: WholeWorkflowRunOut}
)
@require_role(Role.VIEWER)
@raises(NotFound)
def show_workflow_run(path: WorkflowRunPath) -> Response:
    """How far each of its steps is, and who decided what."""
    with reading() as session:
        run = acts.get_workflow_run(session, path.workflow_run_id)
        return json_response(acts.describe_workflow_run(session, run))


@routes.post(
    "/<workflow_run_id>/cancellation",
    summary="Cancel a workflow's run",
    responses={201: WorkflowRunOut},
)
@require_role(Role.OPERATOR)
@raises(NotFound, Conflict)
@transactional
def cancel_workflow(session: Session, path: WorkflowRunPath, body: CancellationRequest) -> Response:
    """No further step begins; it has ended when none of its runs is live."""
    sources = get_component(RunSources)
    run = acts.cancel_workflow(
        session, get_actor(), path.workflow_run_id, body.reason, sources=sources
    )
    return resource_response(run, HTTPStatus.CREATED)


@routes.post(
    "/<workflow_run_id>/relaunch",
    summary="Relaunch a workflow's run",
    responses={201: WorkflowRunOut},
)
@require_role(Role.VIEWER)
@raises(Forbidden, NotFound, Conflict)
@transactional
def relaunch_workflow(session: Session, path: WorkflowRunPath, body: WorkflowRelaunch) -> Response:
    """The same once more: what did not end well and all that follows it, or all of it."""
    sources = get_component(RunSources)
    run = acts.relaunch_workflow(session, get_actor(), path.workflow_run_id, body, sources=sources)
    return resource_response(run, HTTPStatus.CREATED, location=f"{PREFIX}/{run.id}")


@routes.post(
    "/<workflow_run_id>/steps/<step>/approvals",
    summary="Approve or reject a step",
    responses={201: WorkflowRunOut},
)
@require_role(Role.APPROVER)
@raises(NotFound, Conflict)
@transactional
def decide_step(session: Session, path: StepPath, body: StepDecision) -> Response:
    """Each person once, and not who ordered it; with the last approval the workflow goes on."""
    sources = get_component(RunSources)
    run = acts.decide_step(
        session, get_actor(), path.workflow_run_id, path.step, body, sources=sources
    )
    return resource_response(run, HTTPStatus.CREATED)

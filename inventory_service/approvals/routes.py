# SPDX-License-Identifier: Apache-2.0
"""Routes of approvals: apply a plan, approve or reject the run that does, list what was decided."""

from datetime import datetime
from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.approvals import usecases as acts
from inventory_service.approvals.domain import ApplicationOrder, Decision, DecisionRequest
from inventory_service.core.actors import Role
from inventory_service.core.errors import Conflict, NotFound
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor, get_component
from inventory_service.http.idempotency import transactional
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response, resource_response
from inventory_service.http.transactions import reading
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.routes.runs import PREFIX, RunPath
from inventory_service.runs.routes.schemas import RunOut

routes = APIBlueprint(
    "approvals",
    __name__,
    url_prefix=PREFIX,
    abp_tags=[Tag(name="approvals")],
    abp_security=SECURITY,
)


class ApprovalOut(BaseModel):
    """What one person decided about a run."""

    run_id: int
    approver: str
    door: str
    decision: Decision
    digest: str = Field(description="of the plan that the person read")
    comment: str | None
    at: datetime
    revision: int


class ApprovalsOut(BaseModel):
    """What was decided about a run, in order."""

    items: list[ApprovalOut]


@routes.post("/<run_id>/application", summary="Apply a plan", responses={201: RunOut})
@require_role(Role.VIEWER)
@raises(NotFound, Conflict)
@transactional
def apply_plan(session: Session, path: RunPath, body: ApplicationOrder) -> Response:
    """A run with the input of the plan, which waits for the approvals that the template needs.

    If the fleet or the playbook is not as the plan has it when a worker takes the run, it expires.
    """
    sources = get_component(RunSources)
    run = acts.apply_plan(session, get_actor(), path.run_id, body.reason, sources=sources)
    return resource_response(run, HTTPStatus.CREATED, location=f"{PREFIX}/{run.id}")


@routes.post("/<run_id>/approvals", summary="Approve or reject a run", responses={201: RunOut})
@require_role(Role.APPROVER)
@raises(NotFound, Conflict)
@transactional
def decide(session: Session, path: RunPath, body: DecisionRequest) -> Response:
    """Each person once, and not who ordered it; the last approval that is needed queues the run."""
    run = acts.decide(session, get_actor(), path.run_id, body)
    return resource_response(run, HTTPStatus.CREATED)


@routes.get("/<run_id>/approvals", summary="List a run's approvals", responses={200: ApprovalsOut})
@require_role(Role.VIEWER)
@raises(NotFound)
def list_approvals(path: RunPath) -> Response:
    """Who approved or rejected it, when, through which door, and why."""
    with reading() as session:
        found = acts.list_approvals(session, path.run_id)
        return json_response({"items": [approval.as_dict() for approval in found]})

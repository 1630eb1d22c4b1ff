# SPDX-License-Identifier: Apache-2.0
"""What the API shows of workflows and of the runs of them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from inventory_service.core.actors import Role
from inventory_service.workflows.domain.states import StepState, WorkflowState
from inventory_service.workflows.domain.workflows import Join, Need, StepKind


class WorkflowOut(BaseModel):
    """A workflow."""

    workflow: str
    description: str | None
    survey: dict[str, Any] | None
    launch_role: Role
    steps: list[dict[str, Any]]
    created_at: datetime
    retired_at: datetime | None
    revision: int


class WorkflowRunOut(BaseModel):
    """A run of a workflow, as lists show it."""

    id: int
    workflow: str
    state: WorkflowState
    state_reason: str | None
    answers: dict[str, Any]
    reason: str | None
    requested_by: str
    door: str
    relaunch_of: int | None
    created_at: datetime
    ended_at: datetime | None
    revision: int


class StepRunOut(BaseModel):
    """A step of a workflow's run."""

    step: str
    kind: StepKind
    needs: list[Need]
    join: Join
    template: str | None
    message: str | None
    approvals_needed: int
    approver_role: Role
    state: StepState
    state_reason: str | None
    run_id: int | None
    approvals_given: int
    expires_at: datetime | None = Field(description="when it no longer waits for approvals")
    started_at: datetime | None
    ended_at: datetime | None


class StepDecisionOut(BaseModel):
    """What one person decided about a step."""

    workflow_run_id: int
    step: str
    approver: str
    door: str
    decision: str
    comment: str | None
    at: datetime


class WholeWorkflowRunOut(WorkflowRunOut):
    """A run of a workflow, with its steps."""

    steps: list[StepRunOut]
    decisions: list[StepDecisionOut]

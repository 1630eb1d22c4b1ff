# SPDX-License-Identifier: Apache-2.0
"""Reads of workflows' runs that are larger than a row: steps, decisions, and what is to be done."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from inventory_service.runs.domain.states import ENDED
from inventory_service.runs.models.reports import HostResult
from inventory_service.runs.models.runs import Run
from inventory_service.workflows.domain.states import StepState
from inventory_service.workflows.models.decisions import StepApproval
from inventory_service.workflows.models.runs import StepRun

#: How many runs of workflows go on in one transaction, which holds up all other writers meanwhile.
MOST_AT_ONCE = 10


def has_progress(session: Session, now: datetime) -> bool:
    """Return whether a step's run has ended, or an approval has expired."""
    return session.scalars(_progress(now).limit(1)).first() is not None


def list_progress(session: Session, now: datetime) -> Sequence[int]:
    """Return the runs of workflows of which `has_progress` reports one, the oldest first."""
    query = _progress(now).distinct().order_by(StepRun.workflow_run_id)
    return session.scalars(query.limit(MOST_AT_ONCE)).all()


def list_steps(session: Session, workflow_run_id: int) -> Sequence[StepRun]:
    """Return the steps of a workflow's run, in the order in which they were written."""
    query = select(StepRun).where(StepRun.workflow_run_id == workflow_run_id)
    return session.scalars(query.order_by(StepRun.number)).all()


def list_decisions(session: Session, workflow_run_id: int) -> Sequence[StepApproval]:
    """Return what was decided about the steps of a workflow's run, in order."""
    query = select(StepApproval).where(StepApproval.workflow_run_id == workflow_run_id)
    return session.scalars(query.order_by(StepApproval.at, StepApproval.approver)).all()


def list_changed_hosts(session: Session, run_ids: Sequence[int]) -> list[str]:
    """Return the hosts that runs have changed, by name."""
    query = select(HostResult.host).where(HostResult.run_id.in_(run_ids), HostResult.changed > 0)
    return list(session.scalars(query.order_by(HostResult.host)))


def _progress(now: datetime) -> Select[int]:
    ended = sorted(state.value for state in ENDED)
    has_ended = (StepRun.state == StepState.RUNNING.value) & Run.state.in_(ended)
    is_late = (StepRun.state == StepState.AWAITING_APPROVAL.value) & (StepRun.expires_at <= now)
    return (
        select(StepRun.workflow_run_id)
        .outerjoin(Run, Run.id == StepRun.run_id)
        .where(
            StepRun.state.in_([StepState.RUNNING.value, StepState.AWAITING_APPROVAL.value]),
            or_(has_ended, is_late),
        )
    )

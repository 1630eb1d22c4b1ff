# SPDX-License-Identifier: Apache-2.0
"""Who may approve a step: people with the role, each once, and not who ordered the workflow."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from inventory_service.core.actors import Actor, Role
from inventory_service.core.errors import Conflict, Forbidden
from inventory_service.workflows.domain.states import StepState


@dataclass(frozen=True)
class StepCandidate:
    """A step that waits for approvals, as those who approve it need to know it."""

    label: str
    state: str
    requested_by: str
    approver_role: Role
    expires_at: datetime | None
    #: Who has decided already.
    approvers: Collection[str]


def check_step_decision(
    candidate: StepCandidate, actor: Actor, *, is_of_run: bool, now: datetime
) -> None:
    """Raise an error if the actor may not decide about the step.

    ``is_of_run`` tells whether a run, and no person, asks: its playbook could approve its own.

    :raises Conflict: the step does not wait for approvals, or no longer, or the actor has decided.
    :raises Forbidden: the actor ordered the workflow, is a run, or has not the role.
    """
    label = candidate.label
    if candidate.state != StepState.AWAITING_APPROVAL:
        raise Conflict(f"{label} is {candidate.state}, and waits for no approval.")
    if candidate.expires_at is not None and candidate.expires_at <= now:
        raise Conflict(f"{label} waited until {candidate.expires_at:%Y-%m-%dT%H:%M:%SZ}.")
    if is_of_run:
        raise Forbidden(f"{actor.token} is the token of a run. Only people approve.")
    if not actor.may(candidate.approver_role, None):
        raise Forbidden(f"{actor.describe()}, and {label} needs {candidate.approver_role}.")
    if actor.account == candidate.requested_by:
        raise Forbidden(f"{label} was ordered by '{actor.account}': somebody else must decide.")
    if actor.account in candidate.approvers:
        raise Conflict(f"'{actor.account}' has decided about {label} already.")

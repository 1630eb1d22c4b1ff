# SPDX-License-Identifier: Apache-2.0
"""Who may approve a run: not who ordered it, each person once, and only the plan that was read."""

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from inventory_service.core.actors import Actor, Role
from inventory_service.core.errors import Conflict, Forbidden
from inventory_service.core.field_types import Reason
from inventory_service.core.inputs import Input


class Decision(enum.StrEnum):
    """What somebody decides about a run."""

    APPROVE = "approve"
    REJECT = "reject"


class DecisionRequest(Input):
    """An approval or a rejection; ``digest`` is that of the plan that was read."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    decision: Decision
    comment: Reason | None = None

    @model_validator(mode="after")
    def _check_comment(self) -> Self:
        """Refuse a rejection from which nobody learns anything."""
        if self.decision is Decision.REJECT and not (self.comment or "").strip():
            raise ValueError("a rejection needs a comment: what would have to be otherwise")
        return self


class ApplicationOrder(Input):
    """Why a plan is applied."""

    reason: Reason | None = None


@dataclass(frozen=True)
class Candidate:
    """A run that waits for approvals, as those who approve it need to know it."""

    run_id: int
    state: str
    is_awaiting: bool
    requested_by: str
    approver_role: Role
    digest: str
    expires_at: datetime
    #: Who has decided already.
    approvers: Collection[str]


def check_decision(
    candidate: Candidate, actor: Actor, *, digest: str, is_of_run: bool, now: datetime
) -> None:
    """Raise an error if the actor may not decide about the run.

    ``is_of_run`` tells whether a run, and no person, asks: its playbook could approve another.

    :raises Conflict: the run does not wait for approvals, or no longer; the actor has decided
        already; the plan is another one than was read.
    :raises Forbidden: the actor ordered the run, is one, or has not the role.
    """
    run = f"Run {candidate.run_id}"
    if not candidate.is_awaiting:
        raise Conflict(f"{run} is {candidate.state}, and waits for no approval.")
    if candidate.expires_at <= now:
        raise Conflict(
            f"{run} waited for approvals until {candidate.expires_at:%Y-%m-%dT%H:%M:%SZ}. Order a "
            "new plan."
        )
    if is_of_run:
        raise Forbidden(f"{actor.token} is the token of a run. Only people approve {run.lower()}.")
    if not actor.may(candidate.approver_role, None):
        raise Forbidden(
            f"{actor.describe()}, and to approve {run.lower()} needs {candidate.approver_role}."
        )
    if actor.account == candidate.requested_by:
        raise Forbidden(
            f"{run} was ordered by '{actor.account}', who can't decide about it: somebody else "
            f"must. To take it back: qm run cancel {candidate.run_id}"
        )
    if actor.account in candidate.approvers:
        raise Conflict(f"'{actor.account}' has decided about {run.lower()} already.")
    if digest != candidate.digest:
        raise Conflict(
            f"The digest of {run.lower()} is {candidate.digest}, not {digest}. Read it again: "
            f"qm run show {candidate.run_id}"
        )

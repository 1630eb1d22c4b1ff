# SPDX-License-Identifier: Apache-2.0
"""The states of a workflow's run and of its steps, and which change into which."""

import enum
from typing import TypeVar

from inventory_service.core.errors import Conflict


class WorkflowState(enum.StrEnum):
    """The phase of the life of a workflow's run."""

    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepState(enum.StrEnum):
    """The phase of a step's life."""

    WAITING = "waiting"
    RUNNING = "running"
    AWAITING_APPROVAL = "awaiting_approval"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


_W, _S = WorkflowState, StepState
#: Runs of workflows in these states go on.
LIVE = frozenset({_W.RUNNING, _W.CANCELLING})
#: Steps in these states never change again.
ENDED_STEPS = frozenset({_S.SUCCESSFUL, _S.FAILED, _S.SKIPPED, _S.CANCELLED})

TRANSITIONS: dict[WorkflowState, frozenset[WorkflowState]] = {
    _W.RUNNING: frozenset({_W.CANCELLING, _W.SUCCESSFUL, _W.FAILED, _W.CANCELLED}),
    _W.CANCELLING: frozenset({_W.CANCELLED}),
    **{ended: frozenset[WorkflowState]() for ended in WorkflowState if ended not in LIVE},
}
STEP_TRANSITIONS: dict[StepState, frozenset[StepState]] = {
    # Failed: its run could not be ordered.
    _S.WAITING: frozenset({_S.RUNNING, _S.AWAITING_APPROVAL, _S.SKIPPED, _S.FAILED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.SUCCESSFUL, _S.FAILED, _S.CANCELLED}),
    _S.AWAITING_APPROVAL: frozenset({_S.SUCCESSFUL, _S.FAILED, _S.CANCELLED}),
    **{ended: frozenset[StepState]() for ended in ENDED_STEPS},
}

State = TypeVar("State", WorkflowState, StepState)


def check_transition(
    label: str, present: State, wanted: State, table: dict[State, frozenset[State]]
) -> None:
    """Raise Conflict if there is no way from one state to the other.

    :raises Conflict: there is none.
    """
    if wanted not in table[present]:
        ended = "" if table[present] else " It has ended."
        raise Conflict(f"{label} is {present}, and can't become {wanted}.{ended}")

# SPDX-License-Identifier: Apache-2.0
"""What follows from steps that have ended: which begin, which never will, how the whole ends."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inventory_service.workflows.domain.states import ENDED_STEPS, StepState, WorkflowState
from inventory_service.workflows.domain.workflows import Condition, Join, Need, WorkflowStep

_BAD = frozenset({StepState.FAILED, StepState.CANCELLED})


@dataclass(frozen=True)
class StepStatus:
    """How far a step is."""

    state: StepState
    #: Whether its run has changed something.
    has_changed: bool = False


class Turn(enum.Enum):
    """What becomes of a step that has not begun."""

    START = "start"
    SKIP = "skip"
    WAIT = "wait"


def choose_turn(step: WorkflowStep, statuses: Mapping[str, StepStatus]) -> Turn:
    """Return what becomes of a step that waits, by those that it needs."""
    met = [_is_met(need, statuses[need.step]) for need in step.needs]
    if not met:
        return Turn.START
    if step.join is Join.ANY:
        if True in met:
            return Turn.START
        return Turn.WAIT if None in met else Turn.SKIP
    if False in met:
        return Turn.SKIP
    return Turn.WAIT if None in met else Turn.START


def explain_skip(step: WorkflowStep, statuses: Mapping[str, StepStatus]) -> str:
    """Return why a step never begins."""
    unmet = [need for need in step.needs if _is_met(need, statuses[need.step]) is False]
    parts = [f"'{one.step}' is {statuses[one.step].state}, not {one.when}" for one in unmet]
    return f"step {', step '.join(parts)}"


def judge(
    steps: Iterable[WorkflowStep], statuses: Mapping[str, StepStatus]
) -> WorkflowState | None:
    """Return how the whole has ended, or None if it goes on.

    A failed step is made good by one that follows its failure, and has ended well itself.
    """
    if any(status.state not in ENDED_STEPS for status in statuses.values()):
        return None
    handled = {
        need.step
        for step in steps
        if statuses[step.step].state is StepState.SUCCESSFUL
        for need in step.needs
        if need.when in {Condition.FAILURE, Condition.ALWAYS}
    }
    failed = {name for name, status in statuses.items() if status.state in _BAD}
    return WorkflowState.FAILED if failed - handled else WorkflowState.SUCCESSFUL


def _is_met(need: Need, status: StepStatus) -> bool | None:
    """Return whether a step has ended as another one needs it; None while it has not."""
    if status.state not in ENDED_STEPS:
        return None
    is_success = status.state is StepState.SUCCESSFUL
    return {
        Condition.SUCCESS: is_success,
        Condition.FAILURE: status.state in _BAD,
        Condition.CHANGED: is_success and status.has_changed,
        Condition.ALWAYS: status.state is not StepState.SKIPPED,
    }[need.when]

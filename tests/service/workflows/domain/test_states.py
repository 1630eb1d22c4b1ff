# SPDX-License-Identifier: Apache-2.0
"""What has ended never changes, and each state that is live has a way to its end."""

import pytest

from inventory_service.core.errors import Conflict
from inventory_service.workflows.domain.states import (
    ENDED_STEPS,
    LIVE,
    STEP_TRANSITIONS,
    TRANSITIONS,
    StepState,
    WorkflowState,
    check_transition,
)


def test_the_tables_hold_each_state() -> None:
    assert set(TRANSITIONS) == set(WorkflowState)
    assert set(STEP_TRANSITIONS) == set(StepState)


def test_only_what_is_live_changes() -> None:
    assert {state for state, following in TRANSITIONS.items() if following} == LIVE
    changing = {state for state, following in STEP_TRANSITIONS.items() if following}
    assert changing == set(StepState) - ENDED_STEPS


def test_a_cancelled_one_does_not_end_well() -> None:
    assert TRANSITIONS[WorkflowState.CANCELLING] == {WorkflowState.CANCELLED}


def test_what_can_not_be_is_refused_by_its_states() -> None:
    check_transition("It", StepState.WAITING, StepState.RUNNING, STEP_TRANSITIONS)
    with pytest.raises(Conflict, match="It is running, and can't become waiting"):
        check_transition("It", StepState.RUNNING, StepState.WAITING, STEP_TRANSITIONS)
    with pytest.raises(Conflict, match="It has ended"):
        check_transition("It", WorkflowState.FAILED, WorkflowState.RUNNING, TRANSITIONS)

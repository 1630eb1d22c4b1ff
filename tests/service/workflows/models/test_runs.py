# SPDX-License-Identifier: Apache-2.0
"""A step goes from state to state by verbs, and never back."""

from datetime import timedelta

import pytest

from inventory_service.core.errors import Conflict
from inventory_service.workflows.domain.states import StepState
from inventory_service.workflows.models.runs import StepRun


def test_a_step_is_started_once_and_ends_once() -> None:
    step = StepRun.make(7, 0, "a")
    step.start(12)
    assert (step.run_id, step.started_at is None) == (12, False)
    with pytest.raises(Conflict, match="Step 'a' of workflow run 7 is running"):
        step.start(13)
    step.end(StepState.SUCCESSFUL, "x" * 2000, has_changed=True)
    assert (step.status.state, step.status.has_changed) == (StepState.SUCCESSFUL, True)
    assert len(step.state_reason or "") == 1000
    with pytest.raises(Conflict, match="It has ended"):
        step.end(StepState.FAILED, None)


def test_the_last_approval_ends_a_step() -> None:
    step = StepRun.make(7, 0, "ok")
    step.ask(timedelta(hours=1), "look")
    assert step.started_at is not None
    assert step.expires_at == step.started_at + timedelta(hours=1)
    step.take_approval(2)
    assert (step.state, step.approvals_given) == ("awaiting_approval", 1)
    step.take_approval(2)
    assert (step.state, step.approvals_given) == ("successful", 2)

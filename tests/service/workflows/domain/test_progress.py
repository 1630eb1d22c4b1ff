# SPDX-License-Identifier: Apache-2.0
"""A step begins when what it needs has ended as it needs it, and every workflow comes to an end."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.workflows.domain.progress import (
    StepStatus,
    Turn,
    choose_turn,
    explain_skip,
    judge,
)
from inventory_service.workflows.domain.states import ENDED_STEPS, StepState, WorkflowState
from inventory_service.workflows.domain.workflows import Condition, Join, WorkflowStep

S = StepState
#: How the step that is needed is, whether it has changed something, and which conditions are met.
MET: list[tuple[StepState, bool, set[str]]] = [
    (S.SUCCESSFUL, False, {"success", "always"}),
    (S.SUCCESSFUL, True, {"success", "changed", "always"}),
    (S.FAILED, False, {"failure", "always"}),
    (S.FAILED, True, {"failure", "always"}),
    (S.CANCELLED, False, {"failure", "always"}),
    (S.SKIPPED, False, set()),
]


def make(name: str, *needs: tuple[str, str], join: Join = Join.ALL) -> WorkflowStep:
    found: list[dict[str, Any]] = [{"step": need, "when": on} for need, on in needs]
    return WorkflowStep.model_validate(
        {"step": name, "template": "site", "needs": found, "join": join}
    )


@pytest.mark.parametrize("on", list(Condition))
@pytest.mark.parametrize(("state", "has_changed", "met"), MET)
def test_a_step_begins_or_is_skipped_by_how_the_one_before_ended(
    state: StepState, *, has_changed: bool, met: set[str], on: Condition
) -> None:
    step = make("b", ("a", on))
    statuses = {"a": StepStatus(state, has_changed)}
    turn = choose_turn(step, statuses)
    assert turn is (Turn.START if on in met else Turn.SKIP)
    if turn is Turn.SKIP:
        assert explain_skip(step, statuses) == f"step 'a' is {state}, not {on}"


@pytest.mark.parametrize("state", sorted(set(StepState) - ENDED_STEPS))
def test_a_step_waits_for_one_that_has_not_ended(state: StepState) -> None:
    for on in Condition:
        assert choose_turn(make("b", ("a", on)), {"a": StepStatus(state)}) is Turn.WAIT


#: How two steps are, and what follows for `all` and for `any` of them to end well.
JOINS = [
    (S.SUCCESSFUL, S.SUCCESSFUL, Turn.START, Turn.START),
    (S.SUCCESSFUL, S.FAILED, Turn.SKIP, Turn.START),
    (S.SUCCESSFUL, S.RUNNING, Turn.WAIT, Turn.START),
    (S.FAILED, S.RUNNING, Turn.SKIP, Turn.WAIT),
    (S.RUNNING, S.WAITING, Turn.WAIT, Turn.WAIT),
    (S.FAILED, S.SKIPPED, Turn.SKIP, Turn.SKIP),
]


@pytest.mark.parametrize(("one", "two", "for_all", "for_any"), JOINS)
def test_a_step_needs_all_or_any(
    one: StepState, two: StepState, for_all: Turn, for_any: Turn
) -> None:
    for first, second in itertools.permutations((one, two)):
        statuses = {"a": StepStatus(first), "b": StepStatus(second)}
        needs = (("a", "success"), ("b", "success"))
        assert choose_turn(make("c", *needs), statuses) is for_all
        assert choose_turn(make("c", *needs, join=Join.ANY), statuses) is for_any


def test_a_step_that_needs_nothing_begins_at_once() -> None:
    for join in Join:
        assert choose_turn(make("a", join=join), {}) is Turn.START


#: How a, and b which follows its failure, have ended, and how the whole has.
ENDS = [
    (S.SUCCESSFUL, S.SKIPPED, WorkflowState.SUCCESSFUL),
    (S.FAILED, S.SUCCESSFUL, WorkflowState.SUCCESSFUL),
    (S.FAILED, S.FAILED, WorkflowState.FAILED),
    (S.FAILED, S.SKIPPED, WorkflowState.FAILED),
    (S.CANCELLED, S.SUCCESSFUL, WorkflowState.SUCCESSFUL),
    (S.FAILED, S.RUNNING, None),
    (S.FAILED, S.AWAITING_APPROVAL, None),
    (S.RUNNING, S.WAITING, None),
]


@pytest.mark.parametrize(("first", "second", "whole"), ENDS)
def test_a_failure_can_be_made_good(
    first: StepState, second: StepState, whole: WorkflowState | None
) -> None:
    steps = [make("a"), make("b", ("a", "failure"))]
    assert judge(steps, {"a": StepStatus(first), "b": StepStatus(second)}) is whole


def test_what_follows_success_makes_no_failure_good() -> None:
    steps = [make("a"), make("b"), make("c", ("b", "success"))]
    statuses = {
        name: StepStatus(state)
        for name, state in zip("abc", (S.FAILED, S.SUCCESSFUL, S.SUCCESSFUL), strict=True)
    }
    assert judge(steps, statuses) is WorkflowState.FAILED


@st.composite
def workflows(draw: st.DrawFn) -> list[WorkflowStep]:
    """Return steps, each of which needs some of those before it."""
    steps = []
    for number in range(draw(st.integers(1, 6))):
        earlier = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        needs = [(f"s{one}", draw(st.sampled_from(Condition))) for one in sorted(earlier)]
        steps.append(make(f"s{number}", *needs, join=draw(st.sampled_from(Join))))
    return steps


@given(workflows(), st.data())
def test_every_workflow_ends_and_begins_each_step_once_at_most(
    steps: list[WorkflowStep], data: st.DataObject
) -> None:
    statuses = {step.step: StepStatus(S.WAITING) for step in steps}
    begun = []
    while judge(steps, statuses) is None:
        before = dict(statuses)
        for step in steps:
            if statuses[step.step].state is not S.WAITING:
                continue
            turn = choose_turn(step, statuses)
            if turn is Turn.START:
                begun.append(step.step)
                statuses[step.step] = StepStatus(S.RUNNING)
            elif turn is Turn.SKIP:
                assert explain_skip(step, statuses)
                statuses[step.step] = StepStatus(S.SKIPPED)
        running = [name for name, one in statuses.items() if one.state is S.RUNNING]
        if running:
            name = data.draw(st.sampled_from(running))
            end = data.draw(st.sampled_from([S.SUCCESSFUL, S.FAILED, S.CANCELLED]))
            statuses[name] = StepStatus(end, data.draw(st.booleans()))
        assert statuses != before, "nothing moves, and it has not ended"
    assert len(begun) == len(set(begun))
    assert all(one.state in ENDED_STEPS for one in statuses.values())

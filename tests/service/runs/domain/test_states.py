# SPDX-License-Identifier: Apache-2.0
"""A run goes on from each state but the last ones, which stay; each state is of one kind."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.core.errors import Conflict
from inventory_service.runs.domain.states import (
    ENDED,
    LIVE,
    OUTCOMES,
    TRANSITIONS,
    WAITING,
    RunState,
    check_run_transition,
)

#: State: all that may follow, in words, so that a change of the table is seen here.
FOLLOWERS = {
    "pending": "queued awaiting_approval cancelled expired",
    "awaiting_approval": "queued rejected expired cancelled",
    "queued": "blocked starting cancelled expired",
    "blocked": "queued starting cancelled expired",
    "starting": "running queued cancelling failed lost",
    "running": "cancelling successful failed unreachable timed_out lost expired",
    "cancelling": "cancelled successful failed unreachable timed_out lost expired",
}
STATES = st.sampled_from(RunState)


@given(present=STATES, wanted=STATES)
def test_a_run_goes_where_the_table_says_and_nowhere_else(
    present: RunState, wanted: RunState
) -> None:
    if wanted.value in FOLLOWERS.get(present.value, "").split():
        check_run_transition(7, present, wanted)
        return
    with pytest.raises(Conflict) as refused:
        check_run_transition(7, present, wanted)
    assert refused.value.detail.startswith(f"Run 7 is {present}, and can't become {wanted}.")
    assert refused.value.detail.endswith("It has ended.") is (present in ENDED)


def test_a_run_that_has_ended_stays_as_it_is() -> None:
    assert {state for state in RunState if not TRANSITIONS[state]} == ENDED


@pytest.mark.parametrize("state", sorted(set(RunState) - ENDED))
def test_a_run_in_any_other_state_can_end(state: RunState) -> None:
    reached, left = {state}, [state]
    while left:
        for following in TRANSITIONS[left.pop()] - reached:
            reached.add(following)
            left.append(following)
    assert reached & ENDED


@pytest.mark.parametrize("state", sorted(LIVE))
def test_a_live_run_can_be_lost_at_any_moment(state: RunState) -> None:
    assert RunState.LOST in TRANSITIONS[state]


@pytest.mark.parametrize("state", sorted(set(RunState) - ENDED))
def test_people_can_cancel_whatever_has_not_ended(state: RunState) -> None:
    wanted = RunState.CANCELLING if state in LIVE else RunState.CANCELLED
    assert state is RunState.CANCELLING or wanted in TRANSITIONS[state]


def test_no_run_is_cancelled_while_its_processes_may_live() -> None:
    ways = {state for state in LIVE if RunState.CANCELLED in TRANSITIONS[state]}
    assert ways == {RunState.CANCELLING}


def test_each_state_is_of_one_kind() -> None:
    before = {RunState.PENDING, RunState.AWAITING_APPROVAL}
    assert sorted([*before, *WAITING, *LIVE, *ENDED]) == sorted(RunState)
    assert OUTCOMES < ENDED


def test_names_are_words_that_fit_into_the_column() -> None:
    assert all(re.fullmatch("[a-z_]{1,20}", state.value) for state in RunState)

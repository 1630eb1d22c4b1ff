# SPDX-License-Identifier: Apache-2.0
"""A run ends as its exit code and its hosts say, and never well where nobody knows how."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.runs.domain.events import RESULTS
from inventory_service.runs.domain.outcomes import Ending, judge
from inventory_service.runs.domain.states import OUTCOMES, RunState

GOOD = {"a": {"failed": 0, "unreachable": 0}}
FAILED = {"b": {"failed": 1, "unreachable": 0}, "a": {"failed": 2, "unreachable": 0}} | {
    "c": {"failed": 0, "unreachable": 0}
}
UNREACHABLE = {"a": {"failed": 0, "unreachable": 1}, "b": {"failed": 0, "unreachable": 0}}
BOTH = UNREACHABLE | {"b": {"failed": 1, "unreachable": 0}}
UNKNOWN = "it is not known how ansible-playbook ended; the worker's log may have the reason"
HOSTS = st.dictionaries(
    st.text("ab", min_size=1),
    st.fixed_dictionaries(dict.fromkeys(RESULTS, st.integers(0, 2))),
    max_size=3,
)
ENDINGS = st.builds(
    Ending,
    st.none() | st.integers(-15, 255),
    st.booleans(),
    st.booleans(),
    st.none() | st.just("left a process"),
)


@pytest.mark.parametrize(
    ("ending", "hosts", "has_recap", "state", "why"),
    [
        (Ending(0), GOOD, True, "successful", None),
        (Ending(0), {}, False, "successful", None),
        (Ending(0, problem="process 7 is left"), GOOD, True, "successful", "process 7 is left"),
        (Ending(2), FAILED, True, "failed", "failed on a, b"),
        (Ending(4), UNREACHABLE, True, "unreachable", "could not reach a"),
        (Ending(4), BOTH, True, "failed", "failed on b"),
        (
            Ending(1),
            {},
            False,
            "failed",
            "ansible-playbook ended with code 1; the log has the reason",
        ),
        (
            Ending(250),
            GOOD,
            True,
            "failed",
            "ansible-playbook ended with code 250; the log has the reason",
        ),
        (Ending(-9), GOOD, False, "failed", "ansible-playbook was ended by signal 9"),
        (Ending(None, problem="TIMEOUT"), GOOD, True, "successful", "TIMEOUT"),
        (Ending(None, problem="TIMEOUT"), FAILED, True, "failed", "failed on a, b"),
        (Ending(None, problem="TIMEOUT"), GOOD, False, "failed", "TIMEOUT"),
        (Ending(None, problem="TIMEOUT"), FAILED, False, "failed", "TIMEOUT"),
        (Ending(None), GOOD, False, "failed", UNKNOWN),
        (Ending(None), {}, False, "failed", UNKNOWN),
        (Ending(None), GOOD, True, "successful", None),
        (Ending(254, is_cancelled=True), FAILED, False, "cancelled", None),
        (Ending(None, is_cancelled=True, problem="x"), {}, False, "cancelled", "x"),
        (Ending(254, is_timed_out=True), FAILED, True, "timed_out", "took too long"),
        (Ending(254, is_cancelled=True, is_timed_out=True), {}, False, "cancelled", None),
    ],
)
def test_an_ending_is_judged(
    *,
    ending: Ending,
    hosts: dict[str, dict[str, int]],
    has_recap: bool,
    state: str,
    why: str | None,
) -> None:
    assert judge(ending, hosts, has_recap=has_recap, timeout="took too long") == (state, why)


@given(ending=ENDINGS, hosts=HOSTS, has_recap=st.booleans())
def test_a_run_is_successful_only_if_nothing_speaks_against_it(
    ending: Ending, hosts: dict[str, dict[str, int]], *, has_recap: bool
) -> None:
    state, why = judge(ending, hosts, has_recap=has_recap, timeout="took too long")
    assert state in OUTCOMES
    if state is RunState.SUCCESSFUL:
        assert not ending.is_cancelled
        assert not ending.is_timed_out
        assert ending.exit_code == 0 or (ending.exit_code is None and has_recap)
        assert not any(counts["failed"] or counts["unreachable"] for counts in hosts.values())
    elif state is not RunState.CANCELLED:
        assert why


@pytest.mark.parametrize(
    ("count", "why"),
    [
        (1, "failed on n1"),
        (5, "failed on n1, n2, n3, n4, n5"),
        (6, "failed on n1, n2, n3, n4, n5 and 1 more"),
        (9, "failed on n1, n2, n3, n4, n5 and 4 more"),
    ],
)
def test_some_of_many_hosts_are_named(count: int, why: str) -> None:
    hosts = {f"n{number}": {"failed": 1, "unreachable": 0} for number in range(1, count + 1)}
    found = judge(Ending(2), hosts, has_recap=True, timeout="")
    assert found == (RunState.FAILED, why)

# SPDX-License-Identifier: Apache-2.0
"""Each host is in one slice, and a run ends as the worst of its slices did."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.runs.domain.slices import (
    SliceEnd,
    count_slices,
    judge_slices,
    merge_hosts,
    merge_tasks,
    split_hosts,
)
from inventory_service.runs.domain.states import ENDED, RunState

S = RunState


@pytest.mark.parametrize(
    ("wanted", "hosts", "count"),
    [(1, 9, 0), (4, 9, 4), (9, 9, 9), (10, 9, 9), (4, 1, 0), (2, 2, 2)],
)
def test_no_slice_is_without_a_host(wanted: int, hosts: int, count: int) -> None:
    assert count_slices(wanted, hosts) == count


@given(hosts=st.lists(st.text(), unique=True, min_size=2), wanted=st.integers(2, 100))
def test_each_host_is_in_one_slice_and_slices_differ_by_one_host(
    hosts: list[str], wanted: int
) -> None:
    parts = split_hosts(hosts, count_slices(wanted, len(hosts)))
    assert sorted(host for part in parts for host in part) == sorted(hosts)
    sizes = {len(part) for part in parts}
    assert min(sizes) >= 1
    assert max(sizes) - min(sizes) <= 1


def test_slices_take_turns_over_the_order_of_the_hosts() -> None:
    assert split_hosts(["a", "b", "c", "d", "e"], 2) == [["a", "c", "e"], ["b", "d"]]


#: The states of slices, whether the whole run is cancelled, its end, and which slice is named.
ENDS = [
    (["successful", "successful"], False, S.SUCCESSFUL, None),
    (["successful", "successful"], True, S.SUCCESSFUL, None),
    (["successful", "failed"], False, S.FAILED, 2),
    (["unreachable", "failed"], False, S.FAILED, 2),
    (["unreachable", "successful"], False, S.UNREACHABLE, 1),
    (["timed_out", "unreachable"], False, S.TIMED_OUT, 1),
    (["failed", "timed_out"], False, S.FAILED, 1),
    (["failed", "lost"], False, S.LOST, 2),
    (["cancelled", "successful"], False, S.FAILED, 1),
    (["cancelled", "unreachable"], False, S.FAILED, 1),
    (["cancelled", "successful"], True, S.CANCELLED, 1),
    (["failed", "cancelled"], True, S.CANCELLED, 1),
    (["failed", "successful"], True, S.FAILED, 1),
    (["lost", "cancelled"], True, S.LOST, 1),
    (["expired", "successful"], False, S.EXPIRED, 1),
]


@pytest.mark.parametrize(("states", "is_cancelled", "end", "named"), ENDS)
def test_a_run_ends_as_the_worst_of_its_slices(
    states: list[str], *, is_cancelled: bool, end: RunState, named: int | None
) -> None:
    ends = [
        SliceEnd(number, 10 + number, RunState(state), "the reason")
        for number, state in enumerate(states, 1)
    ]
    state, why = judge_slices(ends, is_cancelled=is_cancelled)
    assert state is end
    assert (why is None) == (named is None)
    if named:
        assert why is not None
        word = states[named - 1]
        assert why.startswith(f"slice {named} of 2 (run {10 + named}) is {word}: the reason")
        others = sum(one != "successful" for one in states) - 1
        assert why.endswith("; 1 more did not end well") == bool(others)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_each_end_of_a_slice_has_a_rank(state: RunState) -> None:
    found, _ = judge_slices([SliceEnd(1, 2, state, None)], is_cancelled=False)
    assert found in ENDED


def test_a_host_in_several_slices_has_the_sums_of_them() -> None:
    rows = [
        {"host": "web-1", "ok": 1, "failed": 0},
        {"host": "localhost", "ok": 2, "failed": 1},
        {"host": "localhost", "ok": 3, "failed": 0},
    ]
    assert merge_hosts(rows) == [
        {"host": "localhost", "ok": 5, "failed": 1},
        {"host": "web-1", "ok": 1, "failed": 0},
    ]


def test_a_task_lasts_from_its_first_begin_to_its_last_end() -> None:
    def make(number: int, task: str, begin: int, end: int | None, ok: int) -> dict[str, object]:
        return {
            "number": number,
            "play": "All",
            "task": task,
            "started_at": datetime(2026, 1, 1, 0, 0, begin, tzinfo=UTC),
            "ended_at": end and datetime(2026, 1, 1, 0, 0, end, tzinfo=UTC),
            "ok": ok,
        }

    rows = [
        make(1, "a", 2, 5, 1),
        make(1, "a", 1, 4, 2),
        make(2, "b", 6, 7, 1),
        make(2, "b", 6, None, 1),
        make(2, "c", 9, 10, 1),
    ]
    assert merge_tasks(rows) == [
        make(1, "a", 1, 5, 3),
        make(2, "b", 6, None, 2),
        make(2, "c", 9, 10, 1),
    ]

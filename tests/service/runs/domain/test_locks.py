# SPDX-License-Identifier: Apache-2.0
"""Runs start oldest first, never beside one that they would disturb, and none waits for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.runs.domain.locks import Claim, LockMode, Obstacle, choose_starts

X, S = LockMode.EXCLUSIVE, LockMode.SHARED
LOCKS = st.dictionaries(st.sampled_from(["db", "host:a", "host:b"]), st.sampled_from(LockMode))
KINDS = st.tuples(st.sampled_from([("site", 0), ("ping", 1), ("move", 2)]), LOCKS)
KIND_LISTS = st.lists(KINDS, max_size=12)
Kinds = list[tuple[tuple[str, int], dict[str, LockMode]]]


def make_claims(kinds: Kinds, first: int = 1) -> list[Claim]:
    return [
        Claim(number, template, concurrency, locks)
        for number, ((template, concurrency), locks) in enumerate(kinds, first)
    ]


def is_conflict(one: Claim, other: Claim) -> bool:
    """The rule in other words than the code: a common lock that one of them wants alone."""
    return any(X in {one.locks[name], other.locks[name]} for name in one.locks.keys() & other.locks)


def start_all(waiting: list[Claim]) -> list[Claim]:
    """Return which of some runs may be live at once, so that the start is a legal one."""
    starts = choose_starts(waiting, [], slots=len(waiting)).starts
    return [claim for claim in waiting if claim.run_id in starts]


@given(live=KIND_LISTS, waiting=KIND_LISTS, slots=st.integers(0, 6))
def test_what_is_live_together_never_conflicts(live: Kinds, waiting: Kinds, slots: int) -> None:
    running = start_all(make_claims(live))
    queue = make_claims(waiting, first=100)
    choice = choose_starts(queue, running, slots=slots)
    together = [*running, *(claim for claim in queue if claim.run_id in choice.starts)]
    for index, one in enumerate(together):
        assert not any(is_conflict(one, other) for other in together[index + 1 :])
        same = [other for other in together if other.template == one.template]
        assert not one.concurrency or len(same) <= one.concurrency
    assert len(choice.starts) <= slots
    assert choice.starts == sorted(choice.starts)


@given(live=KIND_LISTS, waiting=KIND_LISTS, slots=st.integers(0, 6))
def test_each_run_starts_or_waits_for_an_older_one_or_for_a_slot(
    live: Kinds, waiting: Kinds, slots: int
) -> None:
    running = start_all(make_claims(live))
    queue = make_claims(waiting, first=100)
    choice = choose_starts(queue, running, slots=slots)
    known = {claim.run_id: claim for claim in (*running, *queue)}
    for claim in queue:
        older = [one for one in known.values() if one.run_id < claim.run_id]
        conflicts = {one.run_id for one in older if is_conflict(one, claim)}
        same = [one.run_id for one in older if one.template == claim.template]
        is_full = bool(claim.concurrency) and len(same) >= claim.concurrency
        obstacle = choice.blocked.get(claim.run_id)
        assert (obstacle is not None) is (bool(conflicts) or is_full)
        if obstacle is None:
            has_slot = claim.run_id in choice.starts
            assert has_slot or len(choice.starts) == slots
        elif obstacle.lock:
            assert obstacle.holder in conflicts
            assert obstacle.lock in claim.locks
        else:
            assert not conflicts
            assert obstacle.holder == same[0]


@given(waiting=KIND_LISTS, newcomers=KIND_LISTS, slots=st.integers(1, 6))
def test_whoever_comes_later_takes_nothing_from_those_before(
    waiting: Kinds, newcomers: Kinds, slots: int
) -> None:
    queue = make_claims(waiting)
    alone = choose_starts(queue, [], slots=slots)
    crowd = choose_starts([*queue, *make_claims(newcomers, first=100)], [], slots=slots)
    assert crowd.starts[: len(alone.starts)] == alone.starts
    assert {key: one for key, one in crowd.blocked.items() if key < 100} == alone.blocked


@given(waiting=KIND_LISTS, slots=st.integers(1, 3))
def test_all_that_wait_come_to_their_turn(waiting: Kinds, slots: int) -> None:
    queue, turns = make_claims(waiting), 0
    while queue:
        starts = choose_starts(queue, [], slots=slots).starts
        assert starts[0] == queue[0].run_id
        queue = [claim for claim in queue if claim.run_id not in starts]
        turns += 1
    assert turns <= len(waiting)


@pytest.mark.parametrize(
    ("held", "wanted", "is_free"),
    [
        ({}, {"db": X}, True),
        ({"db": X}, {}, True),
        ({"db": X}, {"cache": X}, True),
        ({"db": X}, {"db": X}, False),
        ({"db": X}, {"db": S}, False),
        ({"db": S}, {"db": X}, False),
        ({"db": S}, {"db": S}, True),
        ({"db": S, "host:a": X}, {"db": S, "host:a": S}, False),
        ({"host:db": X}, {"db": X}, True),
    ],
)
def test_only_shared_locks_are_held_by_two(
    held: dict[str, LockMode], wanted: dict[str, LockMode], *, is_free: bool
) -> None:
    choice = choose_starts([Claim(2, "b", 0, wanted)], [Claim(1, "a", 0, held)], slots=1)
    assert choice.starts == ([2] if is_free else [])
    assert list(choice.blocked) == ([] if is_free else [2])


@pytest.mark.parametrize(("slots", "starts"), [(0, []), (1, [1]), (2, [1, 2]), (3, [1, 2])])
def test_a_run_that_lacks_only_a_slot_is_not_called_blocked(slots: int, starts: list[int]) -> None:
    choice = choose_starts([Claim(1, "a", 0, {}), Claim(2, "a", 0, {})], [], slots=slots)
    assert (choice.starts, choice.blocked) == (starts, {})


@pytest.mark.parametrize(
    ("concurrency", "starts"), [(0, [2, 3, 4]), (1, []), (2, [2]), (3, [2, 3])]
)
def test_no_more_runs_of_a_template_are_live_than_it_allows(
    concurrency: int, starts: list[int]
) -> None:
    live = [Claim(1, "site", concurrency, {}), Claim(9, "other", 1, {})]
    waiting = [Claim(number, "site", concurrency, {}) for number in (2, 3, 4)]
    choice = choose_starts(waiting, live, slots=9)
    assert choice.starts == starts
    blocked = [number for number in (2, 3, 4) if number not in starts]
    assert choice.blocked == {number: Obstacle("", 1) for number in blocked}


def test_the_obstacle_is_the_run_that_has_the_lock_or_the_first_that_waits_for_it() -> None:
    live = [Claim(1, "a", 0, {"db": S}), Claim(2, "a", 0, {"db": S})]
    waiting = [
        Claim(3, "b", 0, {"db": X}),
        Claim(4, "c", 0, {"db": S}),
        Claim(5, "d", 0, {"db": X}),
    ]
    choice = choose_starts(waiting, live, slots=9)
    assert choice.starts == []
    # The reader that comes after the writer waits for it: else readers could starve it.
    assert choice.blocked == {
        3: Obstacle("db", 1),
        4: Obstacle("db", 3),
        5: Obstacle("db", 3),
    }

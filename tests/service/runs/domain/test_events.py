# SPDX-License-Identifier: Apache-2.0
"""Events add up to the same results, however often and in how many parts they come."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.runs.domain.events import RESULTS, STATS, RunEvent, Tally

START = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
TASK, HANDLER = "playbook_on_task_start", "playbook_on_handler_task_start"
OK, FAILED = "runner_on_ok", "runner_on_failed"
UNREACHABLE, SKIPPED = "runner_on_unreachable", "runner_on_skipped"
RECAP = {
    "ok": {"a": 3, "b": 1},
    "changed": {"a": 1},
    "failures": {"b": 1},
    "dark": {"c": 1},
    "skipped": {"a": 4},
    "rescued": {"a": 5},
    "ignored": {"b": 6},
    "processed": {"a": 1, "b": 1, "c": 1},
}
KINDS = st.sampled_from(
    [TASK, HANDLER, OK, FAILED, UNREACHABLE, SKIPPED, STATS, "runner_on_start", "verbose"]
)


def make_event(counter: int, kind: str, **fields: Any) -> RunEvent:
    return RunEvent(counter, kind, START + timedelta(seconds=counter), "", **fields)


@st.composite
def histories(draw: st.DrawFn) -> list[RunEvent]:
    """Events as a run reports them: in order, some of them missing."""
    counters = sorted(draw(st.sets(st.integers(1, 30), max_size=15)))
    return [
        make_event(
            counter,
            draw(KINDS),
            play="p",
            task="t",
            task_id=draw(st.sampled_from([None, "t1", "t2"])),
            host=draw(st.sampled_from([None, "a", "b"])),
            is_changed=draw(st.booleans()),
            is_ignored=draw(st.booleans()),
            recap=draw(st.sampled_from([None, RECAP])),
        )
        for counter in counters
    ]


def add_up(*parts: Sequence[RunEvent]) -> dict[str, Any]:
    """Return all that is public of a tally after some parts."""
    tally = Tally()
    for part in parts:
        tally.add(part)
    return {name: value for name, value in vars(tally).items() if not name.startswith("_")}


@given(events=histories(), data=st.data())
def test_events_that_come_in_parts_and_again_count_once(
    events: list[RunEvent], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    back = data.draw(st.integers(0, cut))
    assert add_up(events[:cut], events[back:], events) == add_up(events)


@given(events=histories(), cut=st.integers(0, 15))
def test_changes_stored_part_by_part_are_the_whole(events: list[RunEvent], cut: int) -> None:
    tally = Tally()
    hosts: dict[str, dict[str, int]] = {}
    tasks: dict[int, dict[str, Any]] = {}
    for part in (events[:cut], events[cut:]):
        tally.add(part)
        changed_hosts, changed_tasks = tally.list_changes()
        assert tally.list_changes() == (changed_hosts, changed_tasks)
        hosts |= {name: dict(counts) for name, counts in changed_hosts.items()}
        tasks |= {one.number: vars(one) | {"results": dict(one.results)} for one in changed_tasks}
        tally.forget_changes()
        assert tally.list_changes() == ({}, [])
    assert hosts == tally.hosts
    assert tasks == {one.number: vars(one) for one in tally.tasks.values()}


@given(histories())
def test_events_that_are_missing_are_counted(events: list[RunEvent]) -> None:
    found = add_up(events)
    assert found["last_counter"] == (events[-1].counter if events else 0)
    assert found["last_counter"] - found["missing"] == len(events)


@given(histories())
def test_an_event_survives_its_way_through_json(events: list[RunEvent]) -> None:
    assert [RunEvent.from_dict(json.loads(json.dumps(one.as_dict()))) for one in events] == events


@pytest.mark.parametrize(
    ("kind", "fields", "counts"),
    [
        (OK, {}, "ok"),
        (OK, {"is_changed": True}, "ok changed"),
        (OK, {"is_ignored": True}, "ok"),
        (FAILED, {}, "failed"),
        (FAILED, {"is_changed": True}, "failed"),
        (FAILED, {"is_ignored": True}, "ok ignored"),
        (UNREACHABLE, {}, "unreachable"),
        (UNREACHABLE, {"is_ignored": True}, "unreachable"),
        (SKIPPED, {"is_changed": True}, "skipped"),
    ],
)
def test_a_result_counts_for_its_host_and_its_task(
    kind: str, fields: dict[str, bool], counts: str
) -> None:
    tally = Tally()
    tally.add([make_event(1, TASK, task_id="t1"), make_event(2, TASK, task_id="t2")])
    tally.add([make_event(3, kind, host="a", task_id="t1", **fields)])
    expected = {name: int(name in counts.split()) for name in RESULTS}
    assert tally.hosts == {"a": expected}
    assert tally.tasks["t1"].results == expected
    assert not any(tally.tasks["t2"].results.values())


def test_a_result_is_a_change_of_its_host_and_its_task_alone() -> None:
    tally = Tally()
    tally.add(make_event(number, TASK, task_id=f"t{number}") for number in (1, 2))
    tally.add([make_event(3, OK, host="b", task_id="t1")])
    tally.forget_changes()
    tally.add([make_event(4, OK, host="a", task_id="t1")])
    hosts, tasks = tally.list_changes()
    assert (list(hosts), [one.task_id for one in tasks]) == (["a"], ["t1"])


def test_results_of_a_task_that_was_not_seen_count_for_the_host() -> None:
    tally = Tally()
    tally.add([make_event(1, OK, host="a", task_id="t1"), make_event(2, OK, host="a")])
    assert tally.hosts["a"]["ok"] == 2
    assert tally.tasks == {}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (OK, {"task_id": "t1"}),
        (TASK, {"host": "a"}),
        ("runner_on_start", {"host": "a", "task_id": "t1"}),
        ("runner_item_on_ok", {"host": "a", "task_id": "t1"}),
        ("verbose", {}),
    ],
)
def test_what_is_no_result_of_a_host_and_no_task_adds_nothing(
    kind: str, fields: dict[str, str]
) -> None:
    tally = Tally()
    tally.add([make_event(1, kind, **fields)])
    assert (tally.hosts, tally.tasks, tally.last_counter) == ({}, {}, 1)


def test_a_task_ends_where_the_next_one_begins_and_the_last_with_the_recap() -> None:
    tally = Tally()
    tally.add(
        [
            make_event(1, TASK, task_id="t1", play="p", task="one"),
            make_event(4, HANDLER, task_id="t2", play="q", task="two"),
        ]
    )
    first, second = tally.tasks.values()
    assert (first.number, first.play, first.task) == (1, "p", "one")
    assert (second.number, second.play, second.task) == (2, "q", "two")
    assert (first.started_at, first.ended_at) == (
        START + timedelta(seconds=1),
        START + timedelta(seconds=4),
    )
    before = second.ended_at
    tally.add([make_event(9, STATS)])
    assert (before, second.ended_at) == (None, START + timedelta(seconds=9))
    assert first.ended_at == START + timedelta(seconds=4)


def test_a_task_that_comes_again_for_the_next_batch_is_the_same_and_goes_on() -> None:
    tally = Tally()
    tally.add(make_event(number, TASK, task_id=name) for number, name in [(1, "t1"), (2, "t2")])
    tally.add([make_event(3, TASK, task_id="t1")])
    first, second = tally.tasks.values()
    assert (first.number, first.started_at) == (1, START + timedelta(seconds=1))
    assert first.ended_at is None
    assert second.ended_at == START + timedelta(seconds=3)


def test_ansibles_own_recap_takes_the_place_of_what_was_counted() -> None:
    tally = Tally()
    tally.add(make_event(number, FAILED, host=name) for number, name in [(1, "a"), (2, "z")])
    before = tally.has_recap
    tally.add([make_event(3, STATS, recap=RECAP)])
    assert (before, tally.has_recap) == (False, True)
    nothing = dict.fromkeys(RESULTS, 0)
    assert tally.hosts == {
        "a": nothing | {"ok": 3, "changed": 1, "skipped": 4, "rescued": 5},
        "b": nothing | {"ok": 1, "failed": 1, "ignored": 6},
        "c": nothing | {"unreachable": 1},
        "z": nothing | {"failed": 1},
    }

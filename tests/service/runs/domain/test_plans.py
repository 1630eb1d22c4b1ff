# SPDX-License-Identifier: Apache-2.0
"""The digest of a plan is the same for what is the same, and another one for all else."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.runs.domain.events import RunEvent
from inventory_service.runs.domain.plans import (
    PlanBasis,
    PlannedChanges,
    PlanResult,
    digest_fleet,
    digest_order,
    normalise_diff,
)

BASIS = PlanBasis("order", "playbook", "fleet")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
NAMES = st.text("abc", min_size=1, max_size=4)
ORDERS = st.fixed_dictionaries(
    {
        "playbook": NAMES,
        "hosts": st.lists(NAMES, min_size=1, max_size=4, unique=True),
        "options": st.dictionaries(NAMES, VALUES, max_size=3),
        "variables": st.dictionaries(NAMES, VALUES, max_size=3),
        "answers": st.dictionaries(NAMES, VALUES, max_size=3),
    }
)


def turn(value: Any) -> Any:
    """Return the same value, with the keys of its dicts in another order."""
    if isinstance(value, dict):
        return {key: turn(value[key]) for key in reversed(value)}
    return [turn(one) for one in value] if isinstance(value, list) else value


def make_event(host: str, task: str, text: str = "", kind: str = "runner_on_ok") -> RunEvent:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    is_changed = kind == "runner_on_ok"
    return RunEvent(1, kind, at, text, play="p", task=task, host=host, is_changed=is_changed)


def make_diff(host: str, text: str, task: str = "t") -> list[RunEvent]:
    return [make_event(host, task, text, "runner_on_file_diff"), make_event(host, task)]


def conclude(*events: RunEvent, basis: PlanBasis = BASIS) -> PlanResult:
    changes = PlannedChanges()
    changes.add(events)
    return changes.conclude(basis)


@given(order=ORDERS, is_check=st.booleans())
def test_an_order_is_the_same_in_any_order_of_keys_and_hosts_and_as_its_application(
    *, order: dict[str, Any], is_check: bool
) -> None:
    other = {name: turn(value) for name, value in order.items()}
    other["hosts"] = order["hosts"][::-1]
    other["options"] = other["options"] | {"check": is_check, "diff": True}
    assert digest_order(**other) == digest_order(**order)


@given(ORDERS, ORDERS)
def test_any_other_order_has_another_digest(first: dict[str, Any], second: dict[str, Any]) -> None:
    def sort(order: dict[str, Any]) -> str:
        # By text, since 1 == True.
        return repr(_sorted(order | {"hosts": sorted(order["hosts"])}))

    is_same = sort(first) == sort(second)
    assert (digest_order(**first) == digest_order(**second)) == is_same


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y"]), st.text("12\n", max_size=4)),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_hosts_may_report_in_any_order(found: list[tuple[str, str, str]], random: Any) -> None:
    events = [event for host, task, text in found for event in make_diff(host, text, task)]
    waiting = {
        host: [event for event in events if event.host == host]
        for host in {event.host for event in events}
    }
    mixed = []
    while any(waiting.values()):
        mixed.append(waiting[random.choice(sorted(h for h in waiting if waiting[h]))].pop(0))
    assert conclude(*mixed) == conclude(*events)


FIRST = make_diff("web-1", "+one")
#: What is not the plan of one changed task on one host.
OTHERS: dict[str, Callable[[], PlanResult]] = {
    "nothing": conclude,
    "another diff": lambda: conclude(*make_diff("web-1", "+two")),
    "no diff": lambda: conclude(FIRST[1]),
    "another host": lambda: conclude(*make_diff("web-2", "+one")),
    "another task": lambda: conclude(*make_diff("web-1", "+one", "other")),
    "twice": lambda: conclude(*FIRST, *FIRST),
    "one more": lambda: conclude(*FIRST, make_event("web-2", "t")),
    "another order": lambda: conclude(*FIRST, basis=replace(BASIS, order="x")),
    "another playbook": lambda: conclude(*FIRST, basis=replace(BASIS, playbook="x")),
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=list(OTHERS))
def test_any_other_plan_has_another_digest(make: Callable[[], PlanResult]) -> None:
    assert make().digest != conclude(*FIRST).digest


def test_changes_are_counted_by_task_and_host() -> None:
    unchanged = replace(make_event("web-1", "t"), is_changed=False)
    failed = replace(make_event("web-1", "t"), kind="runner_on_failed")
    found = conclude(*FIRST, *make_diff("web-2", "+one"), unchanged, failed)
    assert found.changes == 2
    assert conclude(unchanged, failed).changes == 0


def test_a_result_comes_back_from_json() -> None:
    found = conclude(*FIRST)
    assert PlanResult.from_dict(asdict(found)) == found


#: What differs each time, and what does not.
DIFFS = [
    (
        "+++ after: /root/.ansible/tmp/ansible-local-12a/tmpq1/page.j2",
        "+++ after: /home/u/.ansible/tmp/ansible-local-99b/tmpz9/page.j2",
        True,
    ),
    ("+++ after: /tmp/tmpabc123", "+++ after: /tmp/tmpxyz", True),
    ("-# 2026-01-01 10:00:00.123", "-# 2027-12-31T23:59:59", True),
    ("-# 2026-01-01T10:00:00Z x", "-# 2026-01-01T10:00:00+02:00 x", True),
    ('-    "atime": 1.5,', '-    "atime": 2.25,', True),
    ("+line  \n", "+line", True),
    ("+++ after: /etc/a.conf", "+++ after: /etc/b.conf", False),
    ("+port 80", "+port 81", False),
    ("+ten 10.0.0.1", "+ten 10.0.0.2", False),
    ("+date 2026-01-01", "+date 2026-01-02", False),
]


@pytest.mark.parametrize(("first", "second", "is_same"), DIFFS)
def test_times_and_temporary_paths_are_no_part_of_a_diff(
    first: str, second: str, *, is_same: bool
) -> None:
    assert (normalise_diff(first) == normalise_diff(second)) == is_same


@pytest.mark.parametrize("name", ["order", "playbook", "fleet"])
def test_what_is_not_as_it_was_is_named(name: str) -> None:
    assert BASIS.list_changes(replace(BASIS, **{name: "other"})) == [name]
    assert BASIS.list_changes(BASIS) == []


def make_inventory(**changes: Any) -> dict[str, Any]:
    variables = {"web-1": {"a": 1}, "web-2": {"a": 1}, "db-1": {"a": 1}}
    return {
        "_meta": {"hostvars": variables | changes.pop("hostvars", {})},
        "all": {"children": ["web", "db", "ungrouped"]},
        "web": {"hosts": ["web-1", "web-2"]},
        "db": {"hosts": ["db-1"]},
    } | changes


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"hostvars": {"db-1": {"a": 2}}}, True),
        ({"db": {"hosts": ["db-1", "db-2"]}}, True),
        ({"web": {"hosts": ["web-2", "web-1", "web-3"]}}, True),
        ({"hostvars": {"web-1": {"a": 2}}}, False),
        ({"db": {"hosts": ["db-1", "web-1"]}}, False),
        ({"web": {"hosts": ["web-1"]}}, False),
        ({"hostvars": {"web-1": {"a": 1, "b": None}}}, False),
    ],
)
def test_only_the_hosts_of_the_plan_count(changes: dict[str, Any], *, is_same: bool) -> None:
    hosts = ["web-1", "web-2"]
    found = digest_fleet(make_inventory(**changes), hosts) == digest_fleet(make_inventory(), hosts)
    assert found == is_same


def test_a_host_that_is_gone_is_a_change() -> None:
    inventory = make_inventory()
    before = digest_fleet(inventory, ["web-1"])
    del inventory["_meta"]["hostvars"]["web-1"]
    assert digest_fleet(inventory, ["web-1"]) != before

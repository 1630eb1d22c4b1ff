# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sampled matrix of large fleets: it misses no kind of pair, and what is broken for one."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.matrix import compare
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.policy import Refused
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.probe_plan import (
    ProbePlan,
    expected_probes,
)
from hypothesis import given, settings
from hypothesis import strategies as st

PREFIX = "10.90.0.0/16"
ZONES: list[dict[str, t.Any]] = [
    {"name": "public", "members": ["web"], "allow": [{"from": ["any"], "tcp": [443]}]},
    {"name": "mesh", "members": ["all"], "allow": [{"from": ["mesh"], "tcp": [22]}]},
    {
        "name": "db",
        "members": ["db", "n3"],
        "allow": [{"from": ["public", "db", "192.168.0.0/16"], "tcp": [5432]}],
        "reach": [{"to": ["db", "2001:db8::/32"], "tcp": [5432]}],
    },
]
ZONES_OF = {"web": ("public",), "db": ("db",), "queue": ()}
FULL = 10_000
KINDS = st.fixed_dictionaries(
    {
        "node_type": st.sampled_from(sorted(ZONES_OF)),
        "region": st.sampled_from(["north", "south"]),
        "paths": st.sampled_from(["inside", "outside", "both", "ipv6", "dual"]),
        "has_mesh": st.sampled_from([True, True, False]),
    }
)


@st.composite
def fleets(draw: st.DrawFn) -> list[dict[str, t.Any]]:
    """Return some kinds of nodes, in any number and mixed."""
    kinds = draw(st.lists(KINDS, min_size=1, max_size=4))
    picked = draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=10))
    return [node(number, **kind) for number, kind in enumerate(picked, start=1)]


def node(
    number: int, *, node_type: str, region: str, paths: str, has_mesh: bool
) -> dict[str, t.Any]:
    inside, outside = f"192.168.0.{number}", f"198.51.100.{number}"
    return {
        "node_id": f"n{number}",
        "node_type": node_type,
        "cluster_id": "main",
        "region": region,
        "state": "active",
        "internal_ip": {"outside": None, "ipv6": f"2001:db8::{number:x}"}.get(paths, inside),
        "external_ip": {
            "outside": outside,
            "both": outside,
            "dual": f"2001:db8::{number:x}",
        }.get(paths),
        "wireguard_ip": f"10.90.0.{number}" if has_mesh else None,
    }


def kind(one: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    """Return what nodes of one kind have in common, computed otherwise than in the role."""
    zones = (*ZONES_OF[one["node_type"]], *(("db",) if one["node_id"] == "n3" else ()))
    addresses = (one["internal_ip"], one["external_ip"], one["wireguard_ip"])
    families = tuple(address and (":" in address) for address in addresses)
    return (tuple(sorted(set(zones))), one["region"], families)


def ask(nodes: list[dict[str, t.Any]], **plan: t.Any) -> dict[str, list[dict[str, t.Any]]]:
    """Return what each node asks, by its name."""
    chosen = ProbePlan(ZONES, mesh_prefix=PREFIX, refused_ports=[23], **plan)
    return {one["node_id"]: expected_probes(one, nodes, chosen) for one in nodes}


def pairs(asked: dict[str, list[dict[str, t.Any]]]) -> set[tuple[str, str, str, int]]:
    """Return who asks whom, on which path and port."""
    return {
        (source, probe["target"], probe["path"], probe["port"])
        for source, probes in asked.items()
        for probe in probes
    }


# A machine that is busy may take its time.
@settings(max_examples=50)
@given(fleets(), st.integers(1, 3), st.sampled_from(["accept", "drop"]))
def test_a_sample_asks_what_is_asked_in_full_between_each_two_kinds(
    nodes: list[dict[str, t.Any]], sample: int, outbound: str
) -> None:
    kinds = {one["node_id"]: kind(one) for one in nodes}
    full, few = (
        pairs(ask(nodes, full_up_to=up_to, sample=sample, outbound=outbound)) for up_to in (FULL, 0)
    )

    def by_kind(found: set[tuple[str, str, str, int]]) -> set[tuple[t.Any, ...]]:
        return {(kinds[source], kinds[target], *rest) for source, target, *rest in found}

    assert few <= full
    assert by_kind(few) == by_kind(full)
    assert {target for _source, target, *_rest in few} == {
        target for _source, target, *_rest in full
    }
    for name in kinds:
        asked = {target for source, target, *_rest in few if source == name}
        assert len(asked) <= sample * len(set(kinds.values()))


# A machine that is busy may take its time.
@settings(max_examples=50)
@given(fleets(), st.integers(1, 2), st.data())
def test_whatever_is_broken_between_two_kinds_is_found_by_a_sample(
    nodes: list[dict[str, t.Any]], sample: int, data: st.DataObject
) -> None:
    kinds = {one["node_id"]: kind(one) for one in nodes}
    full = sorted(pairs(ask(nodes, full_up_to=FULL)))
    if not full:
        return
    source, target, *rest = data.draw(st.sampled_from(full))
    broken = (kinds[source], kinds[target], *rest)

    def measure(*, is_whole: bool) -> list[str]:
        measured = {
            name: [
                {**probe, "answer": "open" if probe["allowed"] == is_right else "silent"}
                for probe in probes
                for hit in [(kinds[name], kinds[probe["target"]], probe["path"], probe["port"])]
                for is_right in [is_whole or hit != broken]
            ]
            for name, probes in ask(nodes, full_up_to=0, sample=sample).items()
        }
        return t.cast("list[str]", compare(measured)["differences"])

    assert measure(is_whole=True) == []
    assert measure(is_whole=False)


def test_an_address_is_asked_from_one_of_its_own_family() -> None:
    kinds = {"node_type": "web", "region": "north", "has_mesh": False}
    old, new = node(1, paths="inside", **kinds), node(2, paths="ipv6", **kinds)
    both = {**node(3, paths="ipv6", **kinds), "external_ip": "198.51.100.3"}

    asked = ask([old, new, both])

    paths = {(name, probe["address"]) for name in asked for probe in asked[name]}
    assert paths == {
        ("n1", "198.51.100.3"),
        ("n2", "2001:db8::3"),
        ("n3", "192.168.0.1"),
        ("n3", "2001:db8::2"),
    }


@pytest.mark.parametrize("unfiltered", ["192.168.0.2", "2001:db8::2", "10.90.0.2"])
def test_nodes_with_addresses_of_both_families_are_asked_over_each(unfiltered: str) -> None:
    kinds = {"node_type": "web", "region": "north", "paths": "dual", "has_mesh": True}
    asked = ask([node(1, **kinds), node(2, **kinds)])["n1"]

    assert {probe["address"] for probe in asked} == {"192.168.0.2", "2001:db8::2", "10.90.0.2"}
    answers = {True: "open", False: "refused"}
    measured = [probe | {"answer": answers[probe["allowed"]]} for probe in asked]
    assert compare({"n1": measured})["differences"] == []
    let_in = [
        probe | ({"answer": "open"} if probe["address"] == unfiltered else {}) for probe in measured
    ]
    found = compare({"n1": let_in})["differences"]
    assert any("port 23" in one for one in found)
    assert all(f"({unfiltered}): refused by the policy, measured open" in one for one in found)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"sample": 0}, "sample 0 probes nobody"),
        ({"sample": -1}, "sample -1 probes nobody"),
        ({"full_up_to": -1}, "full_up_to -1 is below 0"),
        ({"refused_ports": [0]}, "refused_ports: 0 is no port"),
        ({"refused_ports": [65536]}, "refused_ports: 65536 is no port"),
        ({"refused_ports": ["23; reboot"]}, "is no port"),
    ],
)
def test_a_plan_that_would_prove_nothing_is_refused(plan: t.Any, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        ProbePlan(ZONES, **plan)


def test_in_a_larger_fleet_nobody_has_more_to_ask() -> None:
    kinds = [
        {"node_type": node_type, "region": region, "paths": "inside", "has_mesh": True}
        for node_type in sorted(ZONES_OF)
        for region in ("north", "south")
    ]
    plan = ProbePlan(ZONES, mesh_prefix=PREFIX)
    most = []
    for size in (60, 240):
        nodes = [node(number, **kinds[number % 6]) for number in range(1, size + 1)]
        asked = (
            {probe["target"] for probe in expected_probes(one, nodes, plan)} for one in nodes[:20]
        )
        most.append(max(map(len, asked)))

    assert most == [2 * len(kinds)] * 2


@pytest.mark.parametrize(("up_to", "is_full"), [(7, True), (6, True), (5, False), (0, False)])
def test_up_to_the_given_size_each_node_probes_all_others(up_to: int, *, is_full: bool) -> None:
    kinds = {"node_type": "web", "region": "north", "paths": "inside", "has_mesh": True}
    nodes = [node(number, **kinds) for number in range(11, 17)]

    asked = ask(nodes, full_up_to=up_to, sample=1)

    targets = {len({probe["target"] for probe in probes}) for probes in asked.values()}
    assert targets == {5 if is_full else 1}

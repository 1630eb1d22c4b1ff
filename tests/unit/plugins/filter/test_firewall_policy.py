# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zones become rules, rules become a table, and what was measured becomes a matrix."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.filter.firewall_policy import (
    FilterModule,
    firewall_affected_nodes,
    firewall_matrix,
    firewall_members,
    firewall_policy,
    firewall_probes,
    firewall_reach,
    firewall_refusals,
)

PREFIX = "10.90.0.0/24"
ZONES: list[dict[str, t.Any]] = [
    {
        "name": "public",
        "members": ["web"],
        "allow": [{"from": ["any"], "tcp": [443, 80, "81-90", 85]}],
    },
    {"name": "mesh", "members": ["all"], "allow": [{"from": ["mesh"], "tcp": [22]}]},
    {
        "name": "db",
        "members": ["db"],
        "allow": [{"from": ["public", "fd00::/8", "192.0.2.0/24"], "tcp": [5432]}],
    },
]


def node(number: int, kind: str, **changes: t.Any) -> dict[str, t.Any]:
    return {
        "node_id": f"{kind}-{number}",
        "node_type": kind,
        "cluster_id": "main",
        "region": "north",
        "state": "active",
        "internal_ip": f"192.168.0.{number}",
        "wireguard_ip": f"10.90.0.{number}",
        **changes,
    }


NODES = [node(1, "web"), node(2, "web"), node(3, "db")]


def allow(**changes: t.Any) -> list[dict[str, t.Any]]:
    entry = {"from": ["any"], "tcp": [80], **changes}
    return [{"name": "one", "members": ["all"], "allow": [entry]}]


def test_a_node_gets_the_rules_of_its_zones_in_their_order() -> None:
    rules = firewall_policy(NODES, "web-1", ZONES, PREFIX)

    assert [(rule["comment"], rule["sources"], rule["tcp"]) for rule in rules] == [
        ("public from any", [], ["80-90", "443"]),
        ("mesh from mesh", [PREFIX], ["22"]),
    ]


def test_a_zone_as_source_stays_a_name_so_that_no_rule_depends_on_another_node() -> None:
    alone = firewall_policy([NODES[2]], "db-3", ZONES, PREFIX)

    assert alone[1]["sources"] == ["192.0.2.0/24", "fd00::/8", "@public"]
    assert firewall_policy(NODES, "db-3", ZONES, PREFIX) == alone


def test_who_is_in_a_zone_is_told_by_mesh_address_of_the_own_cluster() -> None:
    nodes = [*NODES, node(8, "web", wireguard_ip=None), node(9, "web", cluster_id="other")]

    assert firewall_members(nodes, "db-3", ZONES) == {
        "public": ["10.90.0.1", "10.90.0.2"],
        "db": ["10.90.0.3"],
    }


def test_those_who_share_a_cluster_have_to_learn_of_a_node() -> None:
    nodes = [*NODES, node(9, "web", cluster_id="other")]

    assert firewall_affected_nodes(nodes, ["web-1"]) == ["db-3", "web-2"]
    assert firewall_affected_nodes(nodes, [str(one["node_id"]) for one in nodes]) == []


def test_a_node_reaches_what_its_zones_say_after_what_each_node_may() -> None:
    zones = [*ZONES[:2], {**ZONES[2], "reach": [{"to": ["mesh", "public"], "tcp": [443]}]}]
    always = [{"to": ["any"], "udp": [53]}]

    rules = firewall_reach(NODES, "db-3", zones, PREFIX, always)

    assert [(rule["comment"], rule["destinations"]) for rule in rules] == [
        ("always to any", []),
        ("db to mesh, public", [PREFIX, "@public"]),
    ]
    assert len(firewall_reach(NODES, "web-1", zones, PREFIX, always)) == 1


def test_a_node_may_be_a_member_by_its_name() -> None:
    zones = [{**allow()[0], "members": ["db-3"]}]

    assert firewall_policy(NODES, "db-3", zones)
    assert not firewall_policy(NODES, "web-1", zones)


@pytest.mark.parametrize(
    ("zones", "reason"),
    [
        (allow(**{"from": ["nowhere"]}), "'nowhere' is neither any, mesh, a zone nor a network"),
        (allow(**{"from": ["10.0.0.1/8"]}), "'10.0.0.1/8' is neither"),
        (allow(tcp=[0]), "0 is no port"),
        (allow(tcp=["90-80"]), "'90-80' is no port"),
        (allow(tcp=[65536]), "65536 is no port"),
        (allow(tcp=["80; drop"]), "is no port"),
        (allow(tcp=[]), "names neither tcp nor udp ports"),
        (allow(icmp=[8]), "has from, tcp and udp, and nothing else"),
        ([{**allow()[0], "reach": [{"from": ["any"], "tcp": [80]}]}], "an entry of reach has to,"),
        ([{**allow()[0], "reach": [{"to": ["nowhere"], "tcp": [80]}]}], "'nowhere' is neither"),
        ([{**allow()[0], "deny": []}], "it has name, members, allow and reach"),
        ([{**allow()[0], "name": "any"}], "zone 'any': a name is made of"),
        ([{**allow()[0], "name": 'x" accept'}], "a name is made of"),
        ([*allow(), *allow()], "zone one is given twice"),
        ([{"name": "one"}], "it has name, members, allow and reach"),
    ],
)
def test_wrong_zones_are_refused_with_their_reason(
    zones: list[dict[str, t.Any]], reason: str
) -> None:
    (found,) = firewall_refusals(zones)

    assert reason in found
    with pytest.raises(AnsibleFilterError, match="firewall_policy"):
        firewall_policy(NODES, "web-1", zones)


def test_sound_zones_have_no_refusals() -> None:
    assert firewall_refusals(ZONES) == []


def test_what_each_node_may_reach_is_checked_too() -> None:
    (reason,) = firewall_refusals(ZONES, [{"to": ["any"]}])

    assert reason == "firewall_reach_always: an entry of it names neither tcp nor udp ports"


def test_a_node_that_is_not_on_record_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="nobody is not among the nodes"):
        firewall_policy(NODES, "nobody", ZONES)


@pytest.mark.parametrize("wrong", [{"name": "web-1"}, "web-1", None])
def test_what_is_no_node_is_refused_in_a_sentence(wrong: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="is no node: give firewall_nodes as node_info"):
        firewall_members([*NODES, wrong], "web-1", ZONES)


def test_all_others_that_are_active_are_asked_on_both_paths() -> None:
    nodes = [*NODES, node(7, "web", state="failed"), node(8, "web", cluster_id="other")]

    probes = firewall_probes(nodes, "web-1", ZONES, mesh_prefix=PREFIX, refused_ports=[23])

    assert {probe["target"] for probe in probes} == {"web-2", "db-3"}
    allowed = {
        (probe["target"], probe["path"], probe["port"]) for probe in probes if probe["allowed"]
    }
    assert allowed == {
        *(("web-2", path, port) for path in ("public", "mesh") for port in (80, 81, 85, 90, 443)),
        ("web-2", "mesh", 22),
        ("db-3", "mesh", 22),
        ("db-3", "mesh", 5432),
    }
    assert 23 in {probe["port"] for probe in probes}


def test_another_region_is_asked_at_its_address_outside() -> None:
    far = node(4, "web", region="south", external_ip="198.51.100.4")

    probes = firewall_probes([NODES[0], far], "web-1", ZONES, mesh_prefix=PREFIX)

    assert {probe["address"] for probe in probes} == {"198.51.100.4", "10.90.0.4"}


@pytest.mark.parametrize(
    ("allowed", "answer", "is_right"),
    [
        (True, "open", True),
        (True, "closed", True),
        (True, "silent", False),
        (True, "refused", False),
        (False, "open", False),
        (False, "closed", False),
        (False, "silent", True),
        (False, "refused", True),
    ],
)
def test_the_matrix_tells_each_difference(*, allowed: bool, answer: str, is_right: bool) -> None:
    matrix = firewall_matrix({"a": [answered("b", allowed=allowed, answer=answer)], "b": []})

    assert (matrix["differences"] == []) == is_right
    assert ("22!" in "".join(matrix["lines"])) == (not is_right)


def answered(target: str, **changes: t.Any) -> dict[str, t.Any]:
    return {
        "target": target,
        "path": "mesh",
        "address": "10.90.0.2",
        "port": 22,
        "from": "app",
        "to": "db",
        "allowed": True,
        "answer": "open",
        **changes,
    }


def test_pairs_with_the_same_ports_share_a_letter() -> None:
    both = [answered("b"), answered("b", path="public", port=80)]
    silent = answered("a", answer="silent", allowed=False)

    assert firewall_matrix({"a": both, "b": [silent]})["lines"] == [
        "from ↓ to →  1  2",
        "1 a          -  A",
        "2 b          B  -",
        "A = public 80; mesh 22",
        "B = mesh nothing",
    ]


def test_of_many_nodes_the_zones_stand_for_them_and_hide_no_difference() -> None:
    measured = {f"app-{n}": [answered(f"db-{n}")] for n in range(30)}
    measured["app-7"] = [answered("db-7", answer="silent")]

    matrix = firewall_matrix(measured)

    assert matrix["lines"] == [
        "from ↓ to →  1  2",
        "1 app        -  A",
        "2 db         -  -",
        "A = mesh 22!",
    ]
    assert matrix["differences"][0].startswith("app-7 → db-7 port 22 over mesh")
    assert firewall_matrix({})["lines"] == ["nobody was asked"]


def test_a_small_fleet_asks_all_and_a_sampled_one_is_as_small_as_wanted() -> None:
    full = firewall_probes(NODES, "web-1", ZONES, mesh_prefix=PREFIX)
    few = firewall_probes(NODES, "web-1", ZONES, mesh_prefix=PREFIX, full_up_to=2, sample=1)

    assert {probe["target"] for probe in full} == {"web-2", "db-3"}
    assert {probe["target"] for probe in few} == {"web-2", "db-3"}
    assert {(probe["from"], probe["to"]) for probe in few} == {
        ("public", "public"),
        ("public", "db"),
    }


def test_a_sample_of_nobody_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="firewall_probes: sample 0 probes nobody"):
        firewall_probes(NODES, "web-1", ZONES, sample=0)


def test_what_a_node_may_not_reach_is_refused_though_the_other_lets_it_in() -> None:
    zones = [{**ZONES[0], "reach": [{"to": ["db"], "tcp": [5432]}]}, *ZONES[1:]]

    probes = firewall_probes(NODES, "web-1", zones, mesh_prefix=PREFIX, outbound="drop")

    allowed = {(probe["target"], probe["port"]) for probe in probes if probe["allowed"]}
    assert allowed == {("db-3", 5432)}


def test_the_filters_have_their_names() -> None:
    assert set(FilterModule().filters()) == {
        "firewall_matrix",
        "firewall_members",
        "firewall_affected_nodes",
        "firewall_policy",
        "firewall_probes",
        "firewall_reach",
        "firewall_refusals",
    }

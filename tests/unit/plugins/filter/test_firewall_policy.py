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
    firewall_matrix,
    firewall_policy,
    firewall_probes,
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


def test_a_zone_as_source_means_its_nodes_by_mesh_address_merged() -> None:
    rules = firewall_policy([*NODES, node(9, "web", cluster_id="other")], "db-3", ZONES, PREFIX)

    assert rules[1]["sources"] == ["10.90.0.1/32", "10.90.0.2/32", "192.0.2.0/24", "fd00::/8"]


def test_a_zone_in_which_nobody_is_lets_nobody_in() -> None:
    zones = [*ZONES[:2], {**ZONES[2], "allow": [{"from": ["public"], "tcp": [5432]}]}]

    rules = firewall_policy([NODES[2]], "db-3", zones, PREFIX)

    assert [rule["comment"] for rule in rules] == ["mesh from mesh"]


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
        ([{**allow()[0], "name": "any"}], "zone 'any': a name is made of"),
        ([{**allow()[0], "name": 'x" accept'}], "a name is made of"),
        ([*allow(), *allow()], "zone one is given twice"),
        ([{"name": "one"}], "it has name, members and allow"),
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


def test_a_node_that_is_not_on_record_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="nobody is not among the nodes"):
        firewall_policy(NODES, "nobody", ZONES)


def test_all_others_that_are_active_are_asked_on_both_roads() -> None:
    nodes = [*NODES, node(7, "web", state="failed"), node(8, "web", cluster_id="other")]

    probes = firewall_probes(nodes, "web-1", ZONES, PREFIX, [23])

    assert {probe["target"] for probe in probes} == {"web-2", "db-3"}
    allowed = {
        (probe["target"], probe["road"], probe["port"]) for probe in probes if probe["allowed"]
    }
    assert allowed == {
        *(("web-2", road, port) for road in ("public", "mesh") for port in (80, 81, 85, 90, 443)),
        ("web-2", "mesh", 22),
        ("db-3", "mesh", 22),
        ("db-3", "mesh", 5432),
    }
    assert 23 in {probe["port"] for probe in probes}


def test_another_region_is_asked_at_its_address_outside() -> None:
    far = node(4, "web", region="south", external_ip="198.51.100.4")

    probes = firewall_probes([NODES[0], far], "web-1", ZONES, PREFIX)

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
    probe = {"target": "b", "road": "mesh", "address": "10.90.0.2", "port": 22}

    matrix = firewall_matrix({"a": [{**probe, "allowed": allowed, "answer": answer}], "b": []})

    assert (matrix["differences"] == []) == is_right
    assert ("22!" in "".join(matrix["lines"])) == (not is_right)
    assert matrix["lines"][0].startswith("mesh: from")


def test_the_filters_have_their_names() -> None:
    assert set(FilterModule().filters()) == {
        "firewall_matrix",
        "firewall_policy",
        "firewall_probes",
        "firewall_refusals",
    }

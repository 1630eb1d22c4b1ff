# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is in the mesh of a node."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.filter.mesh_peers import (
    FilterModule,
    mesh_affected_nodes,
    mesh_peers,
    mesh_refusals,
    mesh_targets,
    mesh_unjoined_nodes,
)
from hypothesis import given
from hypothesis import strategies as st

Node = dict[str, t.Any]

STATES = ["planned", "provisioning", "active", "maintenance", "failed", "retired"]


def node(name: str, number: int = 1, **changes: t.Any) -> Node:
    return {
        "node_id": name,
        "cluster_id": "main",
        "region": "north",
        "state": "active",
        "internal_ip": f"10.0.0.{number}",
        "external_ip": f"198.51.100.{number}",
        "wireguard_ip": f"10.90.0.{number}",
        "wireguard_public_key": f"key of {name}",
        **changes,
    }


def names(peers: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    return [str(peer["name"]) for peer in peers]


@st.composite
def fleets(draw: st.DrawFn) -> list[Node]:
    ids = draw(st.lists(st.integers(1, 250), unique=True, min_size=1, max_size=12))
    return [
        node(
            f"node-{number}",
            number,
            cluster_id=draw(st.sampled_from(["main", "edge", None])),
            region=draw(st.sampled_from(["north", "south", None])),
            state=draw(st.sampled_from(STATES)),
            wireguard_public_key=draw(st.sampled_from([f"key {number}", None, ""])),
            wireguard_ip=draw(st.sampled_from([f"10.90.0.{number}", None])),
            internal_ip=draw(st.sampled_from([f"10.0.0.{number}", None])),
            external_ip=draw(st.sampled_from([f"198.51.100.{number}", None])),
        )
        for number in ids
    ]


@given(fleets())
def test_one_node_lists_another_if_and_only_if_that_one_lists_it(fleet: list[Node]) -> None:
    lists = {one["node_id"]: set(names(mesh_peers(fleet, one["node_id"]))) for one in fleet}

    assert all((b in lists[a]) == (a in lists[b]) for a in lists for b in lists)


@given(fleets())
def test_peers_are_others_and_unique_and_sorted(fleet: list[Node]) -> None:
    for one in fleet:
        peers = mesh_peers(fleet, one["node_id"])
        assert one["node_id"] not in names(peers)
        assert names(peers) == sorted(set(names(peers)))
        assert len({peer["allowed_ips"][0] for peer in peers}) == len(peers)


@given(fleets(), st.randoms())
def test_the_order_of_the_records_does_not_matter(fleet: list[Node], random: t.Any) -> None:
    shuffled = random.sample(fleet, len(fleet))

    assert mesh_peers(fleet, fleet[0]["node_id"]) == mesh_peers(shuffled, fleet[0]["node_id"])


@given(fleets())
def test_a_node_is_a_peer_or_an_absentee_or_not_meant_to_be_in_the_mesh(fleet: list[Node]) -> None:
    own = fleet[0]
    absent = set(mesh_unjoined_nodes(fleet, [own["node_id"]]))

    assert absent.isdisjoint(names(mesh_peers(fleet, own["node_id"])))
    for one in fleet:
        if one["node_id"] in absent:
            assert one["cluster_id"] == own["cluster_id"]
            assert not (one["wireguard_ip"] and one["wireguard_public_key"])


@given(fleets())
def test_the_others_are_exactly_those_who_have_one_of_the_given_as_a_peer(
    fleet: list[Node],
) -> None:
    given_ids = [one["node_id"] for one in fleet[::2]]

    others = mesh_affected_nodes(fleet, given_ids)

    assert others == sorted(
        one["node_id"]
        for one in fleet
        if one["node_id"] not in given_ids
        and set(names(mesh_peers(fleet, one["node_id"]))) & set(given_ids)
    )


@pytest.mark.parametrize(
    ("own", "other", "endpoint"),
    [
        ({}, {}, "10.0.0.2:51820"),
        ({}, {"region": "south"}, "198.51.100.2:51820"),
        ({}, {"region": "south", "external_ip": None}, "10.0.0.2:51820"),
        ({}, {"internal_ip": None}, "198.51.100.2:51820"),
        ({}, {"internal_ip": None, "external_ip": ""}, None),
        ({}, {"internal_ip": "fd00::2"}, "[fd00::2]:51820"),
        ({}, {"mesh_port": 4000}, "10.0.0.2:4000"),
        ({"region": None}, {"region": None}, "10.0.0.2:51820"),
    ],
)
def test_the_endpoint_is_the_nearest_address(own: Node, other: Node, endpoint: str | None) -> None:
    fleet = [node("a", 1, **own), node("b", 2, **other)]

    assert mesh_peers(fleet, "a")[0].get("endpoint") == endpoint


def test_a_peer_is_what_the_module_takes() -> None:
    fleet = [node("a", 1), node("b", 2, wireguard_ip="fd00:90::2")]

    assert mesh_peers(fleet, "a", port=4321, persistent_keepalive=25, behind_nat="always") == [
        {
            "name": "b",
            "public_key": "key of b",
            "endpoint": "10.0.0.2:4321",
            "allowed_ips": ["fd00:90::2/128"],
            "persistent_keepalive": 25,
        }
    ]


def test_who_should_answer_is_asked_at_its_address_in_the_mesh_and_outside() -> None:
    away = node("c", 3, state="maintenance")
    fleet = [node("a", 1), node("b", 2, wireguard_next_public_key="k2"), away]

    assert mesh_targets(fleet, "a", port=4321) == [
        {
            "name": "b",
            "address": "10.90.0.2",
            "public_key": "key of b",
            "next_public_key": "k2",
            "endpoint": "10.0.0.2:4321",
        }
    ]
    assert names(mesh_targets(fleet, "a", states=["active", "maintenance"])) == ["b", "c"]


@given(fleets())
def test_both_ends_of_a_pair_have_its_preshared_key_and_no_other_pair_has(
    fleet: list[Node],
) -> None:
    keys: dict[frozenset[str], set[str]] = {}
    for one in fleet:
        for peer in mesh_peers(fleet, one["node_id"], preshared_secret="s" * 32):
            pair = frozenset((one["node_id"], peer["name"]))
            keys.setdefault(pair, set()).add(peer["preshared_key"])

    assert all(len(of_pair) == 1 for of_pair in keys.values())
    assert len(set.union(set(), *keys.values())) == len(keys)


def test_a_preshared_key_outlasts_a_rotation_and_ends_with_the_secret() -> None:
    rotated = node("b", 2, wireguard_public_key="key after")
    first, second = [node("a", 1), node("b", 2)], [node("a", 1), rotated]
    before = mesh_peers(first, "a", preshared_secret="s" * 32)[0]["preshared_key"]

    assert mesh_peers(second, "a", preshared_secret="s" * 32)[0]["preshared_key"] == before
    assert mesh_peers(second, "a", preshared_secret="t" * 32)[0]["preshared_key"] != before
    assert mesh_peers(second, "a", preshared_secret="")[0]["preshared_key"] == ""
    assert "preshared_key" not in mesh_peers(second, "a")[0]


def test_a_secret_that_could_be_guessed_is_refused_and_not_repeated() -> None:
    with pytest.raises(AnsibleFilterError, match="shorter than 32") as refused:
        mesh_peers([node("a")], "a", preshared_secret="hunter2")

    assert "hunter2" not in str(refused.value)


def test_through_a_hub_its_nodes_have_it_alone_and_ask_everybody() -> None:
    fleet = [node("a", 1), node("b", 2), node("hub", 3), node("z", 4, cluster_id="other")]
    layout = {"hub": "hub", "network": "10.90.0.1/24"}

    (peer,) = mesh_peers(fleet, "a", **layout)

    assert (peer["name"], peer["allowed_ips"]) == ("hub", ["10.90.0.3/32", "10.90.0.0/24"])
    assert names(mesh_peers(fleet, "hub", **layout)) == ["a", "b"]
    assert mesh_targets(fleet, "a", **layout)[0] == {"name": "b", "address": "10.90.0.2"}
    assert mesh_targets(fleet, "a", **layout)[1]["public_key"] == "key of hub"


@pytest.mark.parametrize(
    ("given_ids", "others"),
    [(["a"], ["hub"]), (["hub"], ["a", "b"]), (["a", "hub"], ["b"]), (["z"], ["y"])],
)
def test_through_a_hub_others_are_told_only_if_they_have_a_tunnel(
    given_ids: list[str], others: list[str]
) -> None:
    near = [node("a", 1), node("b", 2), node("hub", 3)]
    far = [node("y", 5, cluster_id="other"), node("z", 4, cluster_id="other")]

    assert mesh_affected_nodes([*near, *far], given_ids, hub="hub") == others


def test_through_gateways_a_node_asks_everybody_and_knows_its_region() -> None:
    fleet = [node("a", 1), node("b", 2), node("c", 3, region="7"), node("d", 4, region="7")]
    # YAML reads such a region as a number.
    layout = {"gateways": {"north": "a", 7: "c"}, "network": "10.90.0.1/24"}

    assert names(mesh_peers(fleet, "b", **layout)) == ["a"]
    assert names(mesh_peers(fleet, "a", **layout)) == ["b", "c"]
    assert mesh_targets(fleet, "b", **layout) == [
        {
            "name": "a",
            "address": "10.90.0.1",
            "public_key": "key of a",
            "endpoint": "10.0.0.1:51820",
        },
        {"name": "c", "address": "10.90.0.3"},
        {"name": "d", "address": "10.90.0.4"},
    ]


@pytest.mark.parametrize(
    ("given_ids", "others"),
    [(["b"], ["a", "c"]), (["c"], ["a", "d"]), (["z"], ["y"]), (["b", "z"], ["a", "c", "y"])],
)
def test_a_layout_is_that_of_the_mesh_which_its_nodes_are_in(
    given_ids: list[str], others: list[str]
) -> None:
    near = [node("a", 1), node("b", 2), node("c", 3, region="south"), node("d", 4, region="south")]
    far = [node("y", 5, cluster_id="other"), node("z", 4, cluster_id="other", region="south")]
    gateways = {"north": "a", "south": "c"}

    assert mesh_affected_nodes([*near, *far], given_ids, gateways=gateways) == others


def test_refusals_are_told_before_a_node_has_a_key() -> None:
    fleet = [node("a", 1, region="south", wireguard_public_key=None), node("b", 2)]
    north, both = {"north": "b"}, {"north": "b", "south": "a"}

    assert mesh_refusals(fleet, "a", gateways=both) == []
    assert mesh_refusals(fleet, "b", gateways=north) == []
    assert mesh_refusals(fleet, "a", gateways=north) == [
        "no gateway is named for the region south, where a is; name a node of it"
    ]


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"hub": "nobody", "network": "10.90.0.0/24"}, "the hub nobody is not on record"),
        ({"hub": "z", "network": "10.90.0.0/24"}, "the hub z is in another cluster than a"),
        ({"gateways": {"south": "b"}}, "the gateway b of .* is in the region north.*; no gateway"),
        ({"gateways": ["b"]}, "gateways is no dictionary"),
        ({"hub": "b"}, "needs its network"),
        ({"behind_nat": "perhaps"}, "behind_nat is none of auto, always, never"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(layout: dict[str, t.Any], message: str) -> None:
    fleet = [node("a", 1), node("b", 2), node("z", 3, cluster_id="other")]

    with pytest.raises(AnsibleFilterError, match=message):
        mesh_peers(fleet, "a", **layout)


def test_a_keepalive_is_for_who_cannot_be_called_and_else_stated_to_be_none() -> None:
    fleet = [node("a", 1, external_ip=None), node("b", 2), node("c", 3, region="south")]

    seconds = {
        name: {peer["name"]: peer["persistent_keepalive"] for peer in peers}
        for name in ("a", "c")
        for peers in [mesh_peers(fleet, name, persistent_keepalive=25)]
    }

    assert seconds == {"a": {"b": 0, "c": 25}, "c": {"a": 0, "b": 0}}


@pytest.mark.parametrize(
    ("following", "handed_on"), [("k2", "k2"), (None, None), ("", None), ("key of b", None)]
)
def test_a_key_that_is_being_rotated_is_handed_on(
    following: str | None, handed_on: str | None
) -> None:
    fleet = [node("a", 1), node("b", 2, wireguard_next_public_key=following)]

    assert mesh_peers(fleet, "a")[0].get("next_public_key") == handed_on


@pytest.mark.parametrize("state", STATES)
def test_planned_and_retired_nodes_are_in_no_mesh(state: str) -> None:
    fleet = [node("a", 1), node("b", 2, state=state)]

    assert bool(mesh_peers(fleet, "a")) is (state not in {"planned", "retired"})


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], "a is not in the list"),
        ([node("b")], "a is not in the list"),
        ("a", "expected the list"),
        ({"a": node("a")}, "expected the list"),
        (None, "expected the list"),
        ([node("a"), {}], "has no node_id"),
        ([node("a"), "b"], "has no node_id"),
        ([node("a"), node("b"), node("b", 2)], "b is in the list twice"),
        ([node("a"), node("b", wireguard_ip="10.0.0.1/32\nPostUp = x")], "b: wireguard_ip"),
        ([node("a"), node("b", 2, internal_ip="$(reboot)")], "b: internal_ip"),
        ([node("a"), node("b", 2), node("c", 2)], "b and c have the same wireguard_ip 10.90.0.2"),
        ([node("a"), node("b")], "a and b have the same wireguard_ip 10.90.0.1"),
    ],
)
def test_a_list_that_cannot_be_whole_or_true_is_refused(nodes: t.Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        mesh_peers(nodes, "a")


def test_a_node_that_is_not_on_record_has_no_absentees() -> None:
    with pytest.raises(AnsibleFilterError, match="b is not in the list"):
        mesh_unjoined_nodes([node("a")], ["a", "b"])


def test_all_filters_have_their_names() -> None:
    words = ("affected_nodes", "peers", "refusals", "targets", "unjoined_nodes")
    assert sorted(FilterModule().filters()) == [f"mesh_{word}" for word in words]


def test_the_work_grows_with_the_number_of_nodes_not_faster() -> None:
    def cost_s(size: int) -> float:
        fleet = [
            node(f"n{i}", wireguard_ip=f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}")
            for i in range(size)
        ]
        started = time.process_time()
        assert len(mesh_peers(fleet, "n0")) == size - 1
        return time.process_time() - started

    small, large = min(cost_s(500) for __ in range(3)), min(cost_s(5000) for __ in range(3))

    assert large < 30 * small
    assert large < 1

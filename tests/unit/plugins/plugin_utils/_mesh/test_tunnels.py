# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every node of a mesh reaches every other one, by one way, whatever the layout."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.layout import Layout
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.tunnels import (
    NoMesh,
    Tunnel,
    find_tunnels,
    nodes_to_update,
)
from hypothesis import given
from hypothesis import strategies as st

Node = dict[str, t.Any]
Mesh = dict[str, list[Tunnel]]

NETWORK = "10.90.0.0/24"


def node(name: str, number: int = 1, **changes: t.Any) -> Node:
    return {
        "node_id": name,
        "region": "north",
        "internal_ip": f"10.0.0.{number}",
        "external_ip": f"198.51.100.{number}",
        "wireguard_ip": f"10.90.0.{number}",
        **changes,
    }


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[Node], Layout]:
    """Return the members of a mesh, and one of its layouts: full, with a hub or with gateways."""
    kind = draw(st.sampled_from(["full", "hub", "gateways"]))
    regions = ["north", "south", "west" if kind == "gateways" else None]
    numbers = draw(st.lists(st.integers(1, 250), unique=True, min_size=1, max_size=10))
    members = [
        node(
            f"n{number}",
            number,
            region=draw(st.sampled_from(regions)),
            internal_ip=draw(st.sampled_from([f"10.0.0.{number}", None])),
            external_ip=draw(st.sampled_from([f"198.51.100.{number}", None])),
        )
        for number in numbers
    ]
    # The first of all, or of its region: by its name, it is any of them.
    hub = members[0]["node_id"] if kind == "hub" else ""
    gateways = {one["region"]: one["node_id"] for one in reversed(members)}
    return members, Layout(
        hub=hub, gateways=gateways if kind == "gateways" else {}, network=NETWORK
    )


def join(members: list[Node], layout: Layout) -> Mesh:
    return {one["node_id"]: find_tunnels(one, members, layout) for one in members}


@st.composite
def meshes(draw: st.DrawFn) -> tuple[dict[str, Node], Mesh]:
    """Return the members of a mesh of any layout, and the tunnels of each."""
    members, layout = draw(fleets())
    return {one["node_id"]: one for one in members}, join(members, layout)


def next_hop(mesh: Mesh, name: str, address: str) -> str:
    """Return to whom a node sends what is for an address: the longest prefix that holds it."""
    host = ipaddress.ip_network(address)
    ways = [
        (ipaddress.ip_network(text).prefixlen, str(tunnel.node["node_id"]))
        for tunnel in mesh[name]
        for text in tunnel.allowed_ips
        if host.subnet_of(ipaddress.ip_network(text))
    ]
    return max(ways)[1]


@given(meshes())
def test_each_pair_is_joined_by_one_way_and_back(made: tuple[dict[str, Node], Mesh]) -> None:
    known, mesh = made
    for first in known:
        for last in known.keys() - {first}:
            way = [first]
            while way[-1] != last:
                way.append(next_hop(mesh, way[-1], known[last]["wireguard_ip"]))
                # At most, it leads over the gateways of both ends.
                assert len(way) <= 4
                # Who gets a packet takes it only if its sender may have sent it.
                assert next_hop(mesh, way[-1], known[first]["wireguard_ip"]) == way[-2]


@given(meshes())
def test_each_tunnel_has_two_ends_and_shares_no_network_with_another(
    made: tuple[dict[str, Node], Mesh],
) -> None:
    _known, mesh = made
    ends = {(name, tunnel.node["node_id"]) for name in mesh for tunnel in mesh[name]}

    assert ends == {(far, near) for near, far in ends}
    for tunnels in mesh.values():
        networks = [text for tunnel in tunnels for text in tunnel.allowed_ips]
        assert len(networks) == len(set(networks))


def routes(tunnels: t.Iterable[Tunnel]) -> dict[str, tuple[str, ...]]:
    """Return what goes through each tunnel, by the name of its other end."""
    return {str(tunnel.node["node_id"]): tunnel.allowed_ips for tunnel in tunnels}


@given(fleets(), st.data())
def test_exactly_those_are_told_whose_tunnels_change_and_of_what_changes(
    fleet: tuple[list[Node], Layout], data: st.DataObject
) -> None:
    members, layout = fleet
    every = [one["node_id"] for one in members]
    joining = data.draw(st.sets(st.sampled_from(every), min_size=1))
    after = join(members, layout)
    before = join([one for one in members if one["node_id"] not in joining], layout)

    affected = [one["node_id"] for one in nodes_to_update(members, joining, layout)]

    assert affected == [n for n in every if n in before and routes(before[n]) != routes(after[n])]
    for name in affected:
        news = {
            far: networks
            for far, networks in routes(after[name]).items()
            if far in joining or far in layout.list_relays()
        }
        assert {**routes(before[name]), **news} == routes(after[name])


@given(meshes())
def test_who_cannot_be_called_keeps_the_tunnel_open_and_nobody_else(
    made: tuple[dict[str, Node], Mesh],
) -> None:
    known, mesh = made
    for name, tunnels in mesh.items():
        for tunnel in tunnels:
            is_near = tunnel.node["region"] == known[name]["region"]
            fields = ["internal_ip", "external_ip"] if is_near else ["external_ip"]
            assert tunnel.keeps_open == (not any(known[name][field] for field in fields))


@given(meshes())
def test_a_node_is_called_inside_a_region_at_its_private_address_and_across_at_its_public_one(
    made: tuple[dict[str, Node], Mesh],
) -> None:
    known, mesh = made
    for name, tunnels in mesh.items():
        for tunnel in tunnels:
            far = tunnel.node
            is_near = far["region"] == known[name]["region"]
            private, public = far["internal_ip"], far["external_ip"]
            wanted = (private or public) if is_near else (public or private)
            assert tunnel.endpoint == (f"{wanted}:51820" if wanted else None)


def test_a_node_behind_a_hub_has_the_whole_mesh_behind_one_tunnel() -> None:
    members = [node("a", 1), node("b", 2), node("hub", 3)]
    layout = Layout(hub="hub", network="10.90.0.1/24", port=4000)

    (tunnel,) = find_tunnels(members[0], members, layout)

    through = ("10.90.0.3/32", NETWORK)
    assert tunnel == Tunnel(members[2], through, "10.0.0.3:4000", keeps_open=False)
    assert routes(find_tunnels(members[2], members, layout)) == {
        "a": ("10.90.0.1/32",),
        "b": ("10.90.0.2/32",),
    }


REGIONS = [
    node("a1", 1, region="a"),
    node("a2", 2, region="a"),
    node("a3", 3, region="a"),
    node("b1", 4, region="b"),
    node("b2", 5, region="b"),
    node("c1", 6, region="c"),
]
GATEWAYS = Layout(gateways={"a": "a1", "b": "b1", "c": "c1"}, network=NETWORK)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a2", {"a1": ("10.90.0.1/32", NETWORK), "a3": ("10.90.0.3/32",)}),
        ("b2", {"b1": ("10.90.0.4/32", NETWORK)}),
        (
            "a1",
            {
                "a2": ("10.90.0.2/32",),
                "a3": ("10.90.0.3/32",),
                "b1": ("10.90.0.4/32", "10.90.0.5/32"),
                "c1": ("10.90.0.6/32",),
            },
        ),
        (
            "c1",
            {
                "a1": ("10.90.0.1/32", "10.90.0.2/32", "10.90.0.3/32"),
                "b1": ("10.90.0.4/32", "10.90.0.5/32"),
            },
        ),
    ],
)
def test_a_gateway_carries_for_its_region(name: str, wanted: dict[str, tuple[str, ...]]) -> None:
    assert routes(join(REGIONS, GATEWAYS)[name]) == wanted


@pytest.mark.parametrize(
    ("joining", "affected"),
    [
        ({"a3"}, ["a1", "a2", "b1", "c1"]),
        ({"b2"}, ["a1", "b1", "c1"]),
        ({"c1"}, ["a1", "b1"]),
        ({"a1", "b2"}, ["a2", "a3", "b1", "c1"]),
        ({"nobody"}, []),
    ],
)
def test_a_node_is_told_to_its_region_and_to_the_gateways(
    joining: set[str], affected: list[str]
) -> None:
    assert [one["node_id"] for one in nodes_to_update(REGIONS, joining, GATEWAYS)] == affected


def test_a_hub_that_has_no_key_yet_leaves_the_others_alone() -> None:
    members = [node("a", 1), node("b", 2)]

    assert find_tunnels(members[0], members, Layout(hub="hub", network=NETWORK)) == []


def test_a_gateway_that_has_no_key_yet_leaves_its_region_to_itself() -> None:
    mesh = join(REGIONS[1:], GATEWAYS)

    assert routes(mesh["a2"]) == {"a3": ("10.90.0.3/32",)}
    assert routes(mesh["c1"]) == {"b1": ("10.90.0.4/32", "10.90.0.5/32")}


@pytest.mark.parametrize(("word", "keeps_open"), [("always", True), ("never", False)])
def test_nat_can_be_stated(word: str, *, keeps_open: bool) -> None:
    members = [node("a", 1, external_ip=None), node("b", 2, region="south")]

    (tunnel,) = find_tunnels(members[0], members, Layout(behind_nat=word))

    assert tunnel.keeps_open is keeps_open


@pytest.mark.parametrize("network", ["", "10.90.0.0/33", "$(reboot)"])
@pytest.mark.parametrize("layout", [{"hub": "b"}, {"gateways": {"north": "b"}}])
def test_who_carries_for_others_needs_the_network_of_the_mesh(layout: t.Any, network: str) -> None:
    members = [node("a", 1), node("b", 2)]

    with pytest.raises(NoMesh, match="needs its network"):
        find_tunnels(members[0], members, Layout(**layout, network=network))


def test_two_nodes_with_one_address_are_both_named() -> None:
    members = [node("a", 1), node("b", 2), node("c", 2, wireguard_ip="10.90.0.2")]

    with pytest.raises(NoMesh, match=r"b and c have the same wireguard_ip 10\.90\.0\.2"):
        find_tunnels(members[0], members, Layout())

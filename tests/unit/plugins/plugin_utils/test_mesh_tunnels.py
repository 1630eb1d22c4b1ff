# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every node of a mesh reaches every other one, by one way, whatever the layout."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh_tunnels import (
    Layout,
    NoMesh,
    Tunnel,
    find_tunnels,
)
from hypothesis import given, settings
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
def meshes(draw: st.DrawFn) -> tuple[dict[str, Node], Mesh]:
    """Return the members of a mesh, with or without a hub, and the tunnels of each."""
    numbers = draw(st.lists(st.integers(1, 250), unique=True, min_size=1, max_size=10))
    members = [
        node(
            f"n{number}",
            number,
            region=draw(st.sampled_from(["north", "south", None])),
            internal_ip=draw(st.sampled_from([f"10.0.0.{number}", None])),
            external_ip=draw(st.sampled_from([f"198.51.100.{number}", None])),
        )
        for number in numbers
    ]
    hub = draw(st.sampled_from(["", *(one["node_id"] for one in members)]))
    layout = Layout(hub=hub, network=NETWORK)
    known = {one["node_id"]: one for one in members}
    return known, {name: find_tunnels(one, members, layout) for name, one in known.items()}


def carries(tunnel: Tunnel, address: str) -> bool:
    host = ipaddress.ip_network(address)
    return any(host.subnet_of(ipaddress.ip_network(text)) for text in tunnel.allowed_ips)


def next_hop(mesh: Mesh, name: str, address: str) -> str:
    """Return to whom a node sends what is for an address; there has to be exactly one."""
    (tunnel,) = (tunnel for tunnel in mesh[name] if carries(tunnel, address))
    return str(tunnel.node["node_id"])


@settings(deadline=None)
@given(meshes())
def test_each_pair_is_joined_by_one_way_and_back(made: tuple[dict[str, Node], Mesh]) -> None:
    known, mesh = made
    for first in known:
        for last in known.keys() - {first}:
            way = [first]
            while way[-1] != last:
                way.append(next_hop(mesh, way[-1], known[last]["wireguard_ip"]))
                assert len(way) <= 3
                # Who gets a packet takes it only if its sender may have sent it.
                assert next_hop(mesh, way[-1], known[first]["wireguard_ip"]) == way[-2]


@settings(deadline=None)
@given(meshes())
def test_each_tunnel_has_two_ends_and_shares_no_address_with_another(
    made: tuple[dict[str, Node], Mesh],
) -> None:
    _known, mesh = made
    ends = {(name, tunnel.node["node_id"]) for name in mesh for tunnel in mesh[name]}

    assert ends == {(far, near) for near, far in ends}
    for tunnels in mesh.values():
        networks = [ipaddress.ip_network(text) for each in tunnels for text in each.allowed_ips]
        assert not any(
            one.overlaps(other) for place, one in enumerate(networks) for other in networks[:place]
        )


@settings(deadline=None)
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


@settings(deadline=None)
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
    at_the_hub = find_tunnels(members[2], members, layout)

    assert tunnel == Tunnel(members[2], (NETWORK,), "10.0.0.3:4000", keeps_open=False)
    assert [each.allowed_ips for each in at_the_hub] == [("10.90.0.1/32",), ("10.90.0.2/32",)]


def test_a_hub_that_has_no_key_yet_leaves_the_others_alone() -> None:
    members = [node("a", 1), node("b", 2)]

    assert find_tunnels(members[0], members, Layout(hub="hub", network=NETWORK)) == []


@pytest.mark.parametrize(("word", "keeps_open"), [("always", True), ("never", False)])
def test_nat_can_be_stated(word: str, *, keeps_open: bool) -> None:
    members = [node("a", 1, external_ip=None), node("b", 2, region="south")]

    (tunnel,) = find_tunnels(members[0], members, Layout(behind_nat=word))

    assert tunnel.keeps_open is keeps_open


@pytest.mark.parametrize("network", ["", "10.90.0.0/33", "$(reboot)"])
def test_a_hub_needs_the_network_of_its_mesh(network: str) -> None:
    members = [node("a", 1), node("hub", 2)]

    with pytest.raises(NoMesh, match="needs its network"):
        find_tunnels(members[0], members, Layout(hub="hub", network=network))


def test_two_nodes_with_one_address_are_both_named() -> None:
    members = [node("a", 1), node("b", 2), node("c", 2, wireguard_ip="10.90.0.2")]

    with pytest.raises(NoMesh, match=r"b and c have the same wireguard_ip 10\.90\.0\.2"):
        find_tunnels(members[0], members, Layout())

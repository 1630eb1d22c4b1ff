# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tunnels a node of a mesh has, what goes through each, and where its other end is found."""

from __future__ import annotations

import functools
import ipaddress
import typing as t

from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.layout import Layout
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.members import Node

INSIDE_FIRST = ("internal_ip", "external_ip")
OUTSIDE_FIRST = ("external_ip", "internal_ip")


class NoMesh(ValueError):
    """Records or settings that no mesh can be made from."""


class Tunnel(t.NamedTuple):
    """One end of a tunnel, as it is seen from its other one."""

    node: Node
    allowed_ips: tuple[str, ...]
    endpoint: str | None
    keeps_open: bool
    """Whether the near end has to send now and then, since the far one could not call it."""


def find_tunnels(own: Node, members: t.Iterable[Node], layout: Layout) -> list[Tunnel]:
    """Return the tunnels of a node, by the names of their other ends.

    The layout has to be one without faults for these members.

    :raises NoMesh: if two members have one address, or an address is none.
    """
    ordered = sorted(members, key=lambda node: str(node["node_id"]))
    routes = _find_routes(own, ordered, layout)
    region, tunnels = own.get("region"), []
    for node in ordered:
        if node["node_id"] in routes:
            is_near = node.get("region") == region
            endpoint = _find_endpoint(node, layout.port, is_near=is_near)
            keeps_open = _keeps_open(own, layout.behind_nat, is_near=is_near)
            tunnels.append(Tunnel(node, tuple(routes[node["node_id"]]), endpoint, keeps_open))
    return tunnels


def nodes_to_update(
    members: t.Sequence[Node], joining: t.Collection[str], layout: Layout
) -> list[Node]:
    """Return the members whose tunnels change when some of them join, without those."""
    new = [node for node in members if node["node_id"] in joining]
    names, new_names = ({node["node_id"] for node in nodes} for nodes in (members, new))
    segments = {layout.segment_of(node) for node in new}
    are_carried = not names.isdisjoint(layout.relay_of(node) for node in new)

    def learns(node: Node) -> bool:
        relay = layout.relay_of(node)
        if relay == node["node_id"]:
            return are_carried
        return relay in new_names or layout.segment_of(node) in segments

    return [node for node in members if node["node_id"] not in new_names and learns(node)]


def mesh_address(node: Node, field: str = "wireguard_ip") -> str:
    """Return an address on a node's record in canonical form.

    :raises NoMesh: if it is none.
    """
    try:
        return _canonical(str(node[field]))
    except ValueError as error:
        raise NoMesh(f"{node['node_id']}: {field}: {error}") from error


@functools.lru_cache(maxsize=65536)
def _canonical(text: str) -> str:
    return str(ipaddress.ip_address(text))


def _find_routes(own: Node, members: t.Iterable[Node], layout: Layout) -> dict[str, list[str]]:
    """Return what goes through the tunnels of a node, by the names of their other ends.

    One who is no member, as a gateway that has no key yet, may be among those.
    """
    name, relay, segment = own["node_id"], layout.relay_of(own), layout.segment_of(own)
    host_routes = _find_host_routes(members)
    routes: dict[str, list[str]] = {}
    for node in members:
        hop = far = node["node_id"]
        if far == name:
            continue
        if relay == name:
            its_relay = layout.relay_of(node)
            hop = far if its_relay == name else its_relay
        elif far != relay and layout.segment_of(node) != segment:
            continue
        routes.setdefault(hop, []).append(host_routes[far])
    if relay in routes:
        # All others are behind it; who has a tunnel of its own keeps it, by its longer prefix.
        routes[relay].append(_network(layout))
    return routes


def _network(layout: Layout) -> str:
    try:
        return str(ipaddress.ip_interface(layout.network).network)
    except ValueError as error:
        raise NoMesh(
            f"a mesh with a hub or gateways needs its network, as 10.8.0.0/24: {error}"
        ) from error


def _find_endpoint(node: Node, port: int, *, is_near: bool) -> str | None:
    """Return where a node is called: from inside its region at its internal address."""
    for field in INSIDE_FIRST if is_near else OUTSIDE_FIRST:
        if node.get(field):
            address = mesh_address(node, field)
            number = int(node.get("mesh_port") or port)
            return f"[{address}]:{number}" if ":" in address else f"{address}:{number}"
    return None


def _keeps_open(own: Node, behind_nat: str, *, is_near: bool) -> bool:
    """Return whether a node cannot be called from its own region or another: it has no address."""
    if behind_nat != "auto":
        return behind_nat == "always"
    return not (own.get("external_ip") or (is_near and own.get("internal_ip")))


def _find_host_routes(members: t.Iterable[Node]) -> dict[str, str]:
    """Return the address of each member as a network, by its name.

    :raises NoMesh: if two nodes have one address: traffic would go to either.
    """
    holders: dict[str, str] = {}
    for node in members:
        address, name = mesh_address(node), str(node["node_id"])
        holder = holders.setdefault(address, name)
        if holder != name:
            raise NoMesh(
                f"{holder} and {name} have the same wireguard_ip {address}; "
                "give one of them another (`qm node set --wireguard-ip`)"
            )
    return {name: f"{at}/{128 if ':' in at else 32}" for at, name in holders.items()}

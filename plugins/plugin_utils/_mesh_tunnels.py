# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tunnels a node of a mesh has, what goes through each, and where its other end is found."""

from __future__ import annotations

import functools
import ipaddress
import typing as t
from dataclasses import dataclass

from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh_members import Node

DEFAULT_PORT = 51820
NAT_WORDS = ("auto", "always", "never")


class NoMesh(ValueError):
    """Records or settings that no mesh can be made from."""


@dataclass(frozen=True)
class Layout:
    """How the nodes of one mesh are joined."""

    hub: str = ""
    """The node through which all others talk to each other; without one, each has all others."""
    network: str = ""
    """The mesh as a whole, as one of its addresses with the prefix length; a hub needs it."""
    port: int = DEFAULT_PORT
    """Where the records have none."""
    behind_nat: str = "auto"
    """Whether the node in question cannot be called from outside: of NAT_WORDS."""


class Tunnel(t.NamedTuple):
    """One end of a tunnel, as it is seen from its other one."""

    node: Node
    allowed_ips: tuple[str, ...]
    endpoint: str | None
    keeps_open: bool
    """Whether the near end has to send now and then, since the far one could not call it."""


def find_tunnels(own: Node, members: t.Sequence[Node], layout: Layout) -> list[Tunnel]:
    """Return the tunnels of a node, by the names of their other ends.

    :raises NoMesh: if two members have one address, an address is none, or the hub is elsewhere.
    """
    _refuse_doubles(members)
    others = [node for node in members if node["node_id"] != own["node_id"]]
    is_spoke = bool(layout.hub) and own["node_id"] != layout.hub
    if is_spoke:
        others = [node for node in others if node["node_id"] == layout.hub]
    return [
        Tunnel(
            node,
            (_network(layout),) if is_spoke else (_host_route(node),),
            find_endpoint(node, own, layout.port),
            _keeps_open(own, node, layout.behind_nat),
        )
        for node in sorted(others, key=lambda node: str(node["node_id"]))
    ]


def find_endpoint(node: Node, seen_from: Node, port: int) -> str | None:
    """Return where a node is called by another one: inside a region at its internal address."""
    fields = ["external_ip", "internal_ip"]
    if node.get("region") == seen_from.get("region"):
        fields.reverse()
    for field in fields:
        if node.get(field):
            address = mesh_address(node, field)
            number = int(node.get("mesh_port") or port)
            return f"[{address}]:{number}" if ":" in address else f"{address}:{number}"
    return None


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


def _host_route(node: Node) -> str:
    address = mesh_address(node)
    return f"{address}/{128 if ':' in address else 32}"


def _network(layout: Layout) -> str:
    try:
        return str(ipaddress.ip_interface(layout.network).network)
    except ValueError as error:
        raise NoMesh(f"a mesh with a hub needs its network, as 10.8.0.0/24: {error}") from error


def _keeps_open(own: Node, other: Node, behind_nat: str) -> bool:
    """Tell whether a node cannot be called by another one: it has no address for it."""
    if behind_nat != "auto":
        return behind_nat == "always"
    if own.get("region") == other.get("region"):
        return not (own.get("internal_ip") or own.get("external_ip"))
    return not own.get("external_ip")


def _refuse_doubles(members: t.Iterable[Node]) -> None:
    """Refuse a mesh in which two nodes have one address: traffic would go to either."""
    holders: dict[str, str] = {}
    for node in members:
        address, name = mesh_address(node), str(node["node_id"])
        holder = holders.setdefault(address, name)
        if holder != name:
            raise NoMesh(
                f"{holder} and {name} have the same wireguard_ip {address}; "
                "give one of them another (`qm node set --wireguard-ip`)"
            )

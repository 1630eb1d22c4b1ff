# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that tell who is in the WireGuard mesh of a node, from the records of the service."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._preshared_keys import (
    derive_preshared_key,
    find_secret_fault,
)

MEMBER_STATES = frozenset({"active", "maintenance", "failed", "provisioning"})
DEFAULT_PORT = 51820
TARGET_KEYS = ("name", "public_key", "next_public_key", "endpoint")
NOT_LISTED = (
    "mesh_peers: the node {} is not in the list; it has to be on record as provisioning, active, "
    "maintenance or failed, and the list has to be whole"
)

Node = t.Mapping[str, t.Any]
Peer = dict[str, t.Any]


def mesh_peers(
    nodes: t.Iterable[Node],
    node_id: str,
    port: int = DEFAULT_PORT,
    persistent_keepalive: int | None = None,
    preshared_secret: str | None = None,
) -> list[Peer]:
    """Return the peers of a node as `wireguard_interface` takes them, sorted by name.

    :raises AnsibleFilterError: if the node is not on record, the records are no list of nodes, or
        the secret is too short.
    """
    fault = find_secret_fault(preshared_secret or "")
    if fault:
        raise AnsibleFilterError(f"mesh_peers: {fault}")
    known = _checked(nodes)
    own = _find(known, node_id)
    if not _is_member(own):
        return []
    members = [node for node in known if _shares_mesh(node, own) and _is_member(node)]
    _refuse_doubles(members)
    peers = [_peer(node, own, port, persistent_keepalive) for node in members if node is not own]
    if preshared_secret is not None:
        for peer in peers:
            peer["preshared_key"] = (
                derive_preshared_key(preshared_secret, node_id, peer["name"])
                if preshared_secret
                else ""
            )
    return sorted(peers, key=lambda peer: str(peer["name"]))


def mesh_targets(
    nodes: t.Iterable[Node],
    node_id: str,
    port: int = DEFAULT_PORT,
    states: t.Collection[str] = ("active",),
) -> list[Peer]:
    """Return whom a node reaches through its mesh, as `wireguard_probe` asks them.

    :raises AnsibleFilterError: as `mesh_peers`.
    """
    known = _checked(nodes)
    asked = {node["node_id"] for node in known if node.get("state") in states}
    return [
        {
            **{key: peer[key] for key in TARGET_KEYS if key in peer},
            "address": peer["allowed_ips"][0].partition("/")[0],
        }
        for peer in mesh_peers(known, node_id, port)
        if peer["name"] in asked
    ]


def mesh_absentees(nodes: t.Iterable[Node], node_ids: t.Iterable[str]) -> list[str]:
    """Return the names of the nodes that belong into the meshes of some nodes, but cannot be peers.

    :raises AnsibleFilterError: as `mesh_peers`.
    """
    known = _checked(nodes)
    clusters = _clusters(known, node_ids)
    return sorted(
        str(node["node_id"])
        for node in known
        if node.get("cluster_id") in clusters
        and node.get("state") in MEMBER_STATES
        and not _is_member(node)
    )


def mesh_others(nodes: t.Iterable[Node], node_ids: t.Iterable[str]) -> list[str]:
    """Return the names of the nodes that have some of the given ones as peers, without those.

    :raises AnsibleFilterError: as `mesh_peers`.
    """
    known, given = _checked(nodes), set(node_ids)
    clusters = _clusters((node for node in known if _is_member(node)), given, strict=False)
    return sorted(
        str(node["node_id"])
        for node in known
        if node.get("cluster_id") in clusters and node["node_id"] not in given and _is_member(node)
    )


def _checked(nodes: t.Any) -> list[Node]:
    """Return the records as a list, each of one node and none twice."""
    if isinstance(nodes, (str, bytes, t.Mapping)) or not isinstance(nodes, t.Iterable):
        raise AnsibleFilterError("mesh_peers: expected the list of nodes that node_info returns")
    known = list(nodes)
    seen = set()
    for node in known:
        name = node.get("node_id") if isinstance(node, t.Mapping) else None
        if not name:
            raise AnsibleFilterError("mesh_peers: a record in the list has no node_id")
        if name in seen:
            raise AnsibleFilterError(f"mesh_peers: the node {name} is in the list twice")
        seen.add(name)
    return known


def _refuse_doubles(members: t.Iterable[Node]) -> None:
    """Refuse a mesh in which two nodes have one address: traffic would go to either."""
    holders: dict[str, str] = {}
    for node in members:
        address, name = str(node["wireguard_ip"]), str(node["node_id"])
        holder = holders.setdefault(address, name)
        if holder != name:
            raise AnsibleFilterError(
                f"mesh_peers: {holder} and {name} have the same wireguard_ip {address}; "
                "give one of them another (`qm node set --wireguard-ip`)"
            )


def _find(nodes: t.Iterable[Node], node_id: str) -> Node:
    """Return the node's own record; without it the list is not whole, and no basis for a mesh."""
    for node in nodes:
        if node["node_id"] == node_id:
            return node
    raise AnsibleFilterError(NOT_LISTED.format(node_id))


def _clusters(
    nodes: t.Iterable[Node], node_ids: t.Iterable[str], *, strict: bool = True
) -> set[t.Any]:
    """Return the clusters of some nodes; strictly, each of those has to be in the list."""
    wanted = set(node_ids)
    found = {node["node_id"]: node.get("cluster_id") for node in nodes if node["node_id"] in wanted}
    missing = sorted(wanted - set(found))
    if strict and missing:
        raise AnsibleFilterError(NOT_LISTED.format(missing[0]))
    return set(found.values()) - {None, ""}


def _is_member(node: Node) -> bool:
    """Tell whether a node has all that a peer needs of it, but an endpoint."""
    return (
        node.get("state") in MEMBER_STATES
        and bool(node.get("wireguard_public_key"))
        and bool(node.get("wireguard_ip"))
    )


def _shares_mesh(node: Node, own: Node) -> bool:
    """Tell whether two nodes are in one cluster; nodes without a cluster are in none."""
    return bool(own.get("cluster_id")) and node.get("cluster_id") == own.get("cluster_id")


def _peer(node: Node, own: Node, port: int, persistent_keepalive: int | None) -> Peer:
    address = _address(node["wireguard_ip"], f"{node['node_id']}: wireguard_ip")
    peer: Peer = {
        "name": node["node_id"],
        "public_key": node["wireguard_public_key"],
        "allowed_ips": [f"{address}/{address.max_prefixlen}"],
    }
    following = node.get("wireguard_next_public_key")
    if following and following != node["wireguard_public_key"]:
        peer["next_public_key"] = following
    endpoint = _endpoint(node, own, int(node.get("mesh_port") or port))
    if endpoint:
        peer["endpoint"] = endpoint
    if persistent_keepalive is not None:
        peer["persistent_keepalive"] = persistent_keepalive
    return peer


def _endpoint(node: Node, own: Node, port: int) -> str | None:
    """Return where the node is reached from its peer: inside a region by the internal address."""
    fields = ["external_ip", "internal_ip"]
    if node.get("region") == own.get("region"):
        fields.reverse()
    for field in fields:
        if node.get(field):
            address = _address(node[field], f"{node['node_id']}: {field}")
            return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"  # noqa: PLR2004 - IPv6
    return None


def _address(text: t.Any, what: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(str(text))
    except ValueError as error:
        raise AnsibleFilterError(f"mesh_peers: {what}: {error}") from error


class FilterModule:
    """The filters for the mesh."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {
            "mesh_absentees": mesh_absentees,
            "mesh_others": mesh_others,
            "mesh_peers": mesh_peers,
            "mesh_targets": mesh_targets,
        }

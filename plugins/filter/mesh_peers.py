# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that tell who is in the WireGuard mesh of a node, from the records of the service."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh_members import (
    MEMBER_STATES,
    Node,
    find_clusters,
    find_members,
    find_record,
    is_member,
    read_records,
)
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh_tunnels import (
    DEFAULT_PORT,
    NAT_WORDS,
    Layout,
    NoMesh,
    Tunnel,
    find_tunnels,
    mesh_address,
)
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._preshared_keys import (
    derive_preshared_key,
    find_secret_fault,
)

Peer = dict[str, t.Any]


def mesh_peers(
    nodes: t.Iterable[Node],
    node_id: str,
    port: int = DEFAULT_PORT,
    persistent_keepalive: int | None = None,
    preshared_secret: str | None = None,
    **layout: str,
) -> list[Peer]:
    """Return the peers of a node as `wireguard_interface` takes them, sorted by name.

    `layout` is the hub, the network and behind_nat.

    :raises AnsibleFilterError: if the node is not on record, the records are no list of nodes, or
        no mesh can be made from them or from what is asked for.
    """
    fault = find_secret_fault(preshared_secret or "")
    if fault:
        raise AnsibleFilterError(f"mesh_peers: {fault}")
    known = read_records(nodes)
    return [
        {
            **_identify(tunnel),
            "allowed_ips": list(tunnel.allowed_ips),
            **_keepalive(tunnel, persistent_keepalive),
            **_preshared(tunnel, node_id, preshared_secret),
        }
        for tunnel in _tunnels(known, node_id, port, layout)
    ]


def mesh_targets(
    nodes: t.Iterable[Node],
    node_id: str,
    port: int = DEFAULT_PORT,
    states: t.Collection[str] = ("active",),
    **layout: str,
) -> list[Peer]:
    """Return whom a node reaches through its mesh, as `wireguard_probe` asks them.

    Through a hub, it reaches nodes that are no peers of its own.

    :raises AnsibleFilterError: as `mesh_peers`.
    """
    known = read_records(nodes)
    tunnels = {x.node["node_id"]: x for x in _tunnels(known, node_id, port, layout)}
    return [
        {
            **(_identify(tunnels[name]) if name in tunnels else {"name": name}),
            "address": mesh_address(node),
        }
        for name, node in sorted(
            (str(node["node_id"]), node) for node in find_members(known, node_id)
        )
        if name != node_id and node.get("state") in states
    ]


def mesh_absentees(nodes: t.Iterable[Node], node_ids: t.Iterable[str]) -> list[str]:
    """Return the names of the nodes that belong into the meshes of some nodes, but cannot be peers.

    :raises AnsibleFilterError: as `mesh_peers`.
    """
    known = read_records(nodes)
    clusters = find_clusters(known, node_ids)
    return sorted(
        str(node["node_id"])
        for node in known
        if node.get("cluster_id") in clusters
        and node.get("state") in MEMBER_STATES
        and not is_member(node)
    )


def mesh_others(nodes: t.Iterable[Node], node_ids: t.Iterable[str], hub: str = "") -> list[str]:
    """Return the names of the nodes that have some of the given ones as peers, without those.

    :raises AnsibleFilterError: as `mesh_peers`.
    """
    known, given = read_records(nodes), set(node_ids)
    members = [node for node in known if is_member(node)]
    clusters = find_clusters(members, given, strict=False)
    others = [
        node
        for node in members
        if node.get("cluster_id") in clusters and node["node_id"] not in given
    ]
    if hub and hub not in given:
        # Who is not a hub is known to its hub alone.
        cluster = find_record(known, hub).get("cluster_id")
        others = [x for x in others if x["node_id"] == hub or x.get("cluster_id") != cluster]
    return sorted(str(node["node_id"]) for node in others)


def _tunnels(
    known: t.Sequence[Node], node_id: str, port: int, layout: dict[str, str]
) -> list[Tunnel]:
    """Return the tunnels of a node.

    :raises AnsibleFilterError: if there can be none with this layout.
    """
    own, asked = find_record(known, node_id), Layout(port=port, **layout)
    if asked.behind_nat not in NAT_WORDS:
        raise AnsibleFilterError(f"mesh_peers: behind_nat is none of {', '.join(NAT_WORDS)}")
    if asked.hub and find_record(known, asked.hub).get("cluster_id") != own.get("cluster_id"):
        raise AnsibleFilterError(f"mesh_peers: the hub {asked.hub} is in no cluster with {node_id}")
    try:
        return find_tunnels(own, find_members(known, node_id), asked)
    except NoMesh as error:
        raise AnsibleFilterError(f"mesh_peers: {error}") from error


def _identify(tunnel: Tunnel) -> Peer:
    """Return by what the other end of a tunnel is known and called."""
    node = tunnel.node
    peer: Peer = {"name": node["node_id"], "public_key": node["wireguard_public_key"]}
    following = node.get("wireguard_next_public_key")
    if following and following != node["wireguard_public_key"]:
        peer["next_public_key"] = following
    if tunnel.endpoint:
        peer["endpoint"] = tunnel.endpoint
    return peer


def _keepalive(tunnel: Tunnel, seconds: int | None) -> Peer:
    if seconds is None:
        return {}
    return {"persistent_keepalive": seconds if tunnel.keeps_open else 0}


def _preshared(tunnel: Tunnel, node_id: str, secret: str | None) -> Peer:
    if secret is None:
        return {}
    other = str(tunnel.node["node_id"])
    return {"preshared_key": derive_preshared_key(secret, node_id, other) if secret else ""}


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

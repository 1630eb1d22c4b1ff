# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for the members of a node's WireGuard mesh, from the records of the service."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.layout import (
    DEFAULT_PORT,
    NAT_WORDS,
    Layout,
    find_layout_faults,
)
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.members import (
    MEMBER_STATES,
    Node,
    find_clusters,
    find_members,
    find_record,
    is_member,
    read_records,
)
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.preshared_keys import (
    derive_preshared_key,
    find_secret_fault,
)
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.tunnels import (
    NoMesh,
    Tunnel,
    find_tunnels,
    mesh_address,
    nodes_to_update,
)

Peer = dict[str, t.Any]


def mesh_peers(
    nodes: t.Iterable[Node],
    node_id: str,
    port: int = DEFAULT_PORT,
    persistent_keepalive: int | None = None,
    preshared_secret: str | None = None,
    **layout: t.Any,
) -> list[Peer]:
    """Return the peers of a node as `wireguard_interface` takes them, sorted by name.

    `layout` is the hub or the gateways, the network and behind_nat.

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
    **layout: t.Any,
) -> list[Peer]:
    """Return whom a node reaches through its mesh, as `wireguard_probe` asks them.

    Through a hub or gateways, it reaches nodes that are no peers of its own.

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


def mesh_unjoined_nodes(nodes: t.Iterable[Node], node_ids: t.Iterable[str]) -> list[str]:
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


def mesh_affected_nodes(
    nodes: t.Iterable[Node], node_ids: t.Iterable[str], **layout: t.Any
) -> list[str]:
    """Return the names of the nodes whose peers change when the given ones join, without those.

    `layout` is the hub or the gateways; a mesh that these are not in is a full one.

    :raises AnsibleFilterError: as `mesh_peers`.
    """
    known, given, asked = read_records(nodes), set(node_ids), _read_layout(layout)
    members = [node for node in known if is_member(node)]
    led = find_clusters(known, asked.list_relays(), strict=False)
    affected = []
    for cluster in find_clusters(members, given, strict=False):
        of_cluster = [node for node in members if node.get("cluster_id") == cluster]
        affected += nodes_to_update(of_cluster, given, asked if cluster in led else Layout())
    return sorted(str(node["node_id"]) for node in affected)


def mesh_refusals(nodes: t.Iterable[Node], node_id: str, **layout: t.Any) -> list[str]:
    """Return a sentence for each reason why a node's mesh cannot have a layout; none if it can.

    :raises AnsibleFilterError: as `mesh_peers`, but for what is returned here.
    """
    known = read_records(nodes)
    return find_layout_faults(_read_layout(layout), find_record(known, node_id), known)


def _read_layout(given: dict[str, t.Any], port: int = DEFAULT_PORT) -> Layout:
    """Return a layout from what a filter was given.

    :raises AnsibleFilterError: if it is none.
    """
    gateways = given.get("gateways") or {}
    if not isinstance(gateways, Mapping):
        raise AnsibleFilterError("mesh_peers: gateways is no dictionary of regions and nodes")
    named = {str(region): str(name) for region, name in gateways.items()}
    layout = Layout(**{**given, "gateways": named}, port=port)
    if layout.behind_nat not in NAT_WORDS:
        raise AnsibleFilterError(f"mesh_peers: behind_nat is none of {', '.join(NAT_WORDS)}")
    return layout


def _tunnels(
    known: t.Sequence[Node], node_id: str, port: int, given: dict[str, t.Any]
) -> list[Tunnel]:
    """Return the tunnels of a node.

    :raises AnsibleFilterError: if there can be none with this layout.
    """
    own, layout = find_record(known, node_id), _read_layout(given, port)
    faults = find_layout_faults(layout, own, known)
    if faults:
        raise AnsibleFilterError(f"mesh_peers: {'; '.join(faults)}")
    try:
        return find_tunnels(own, find_members(known, node_id), layout)
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
            "mesh_unjoined_nodes": mesh_unjoined_nodes,
            "mesh_affected_nodes": mesh_affected_nodes,
            "mesh_peers": mesh_peers,
            "mesh_refusals": mesh_refusals,
            "mesh_targets": mesh_targets,
        }

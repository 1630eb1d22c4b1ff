# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is in a mesh, from the records of the service; a list that cannot be whole is refused."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ansible.errors import AnsibleFilterError

Node = t.Mapping[str, t.Any]

MEMBER_STATES = frozenset({"active", "maintenance", "failed", "provisioning"})
NOT_LISTED = (
    "mesh_peers: the node {} is not in the list; it has to be on record as provisioning, active, "
    "maintenance or failed, and the list has to be whole"
)


def read_records(nodes: t.Any) -> list[Node]:
    """Return the records as a list, each of one node and none twice."""
    if isinstance(nodes, (str, bytes, Mapping)) or not isinstance(nodes, Iterable):
        raise AnsibleFilterError("mesh_peers: expected the list of nodes that node_info returns")
    known = list(nodes)
    seen = set()
    for node in known:
        # Most are a dict, for which isinstance() is much faster than for Mapping.
        name = node.get("node_id") if isinstance(node, (dict, Mapping)) else None
        if not name:
            raise AnsibleFilterError("mesh_peers: a record in the list has no node_id")
        if name in seen:
            raise AnsibleFilterError(f"mesh_peers: the node {name} is in the list twice")
        seen.add(name)
    return known


def find_record(nodes: t.Iterable[Node], node_id: str) -> Node:
    """Return the node's own record; without it the list is not whole, and no basis for a mesh."""
    for node in nodes:
        if node["node_id"] == node_id:
            return node
    raise AnsibleFilterError(NOT_LISTED.format(node_id))


def find_clusters(
    nodes: t.Iterable[Node], node_ids: t.Iterable[str], *, strict: bool = True
) -> set[t.Any]:
    """Return the clusters of some nodes; strictly, each of those has to be in the list."""
    wanted = set(node_ids)
    found = {node["node_id"]: node.get("cluster_id") for node in nodes if node["node_id"] in wanted}
    missing = sorted(wanted - set(found))
    if strict and missing:
        raise AnsibleFilterError(NOT_LISTED.format(missing[0]))
    return set(found.values()) - {None, ""}


def is_member(node: Node) -> bool:
    """Return whether a node has all that a peer needs of it, but an endpoint."""
    return (
        node.get("state") in MEMBER_STATES
        and bool(node.get("wireguard_public_key"))
        and bool(node.get("wireguard_ip"))
    )


def find_members(known: t.Sequence[Node], node_id: str) -> list[Node]:
    """Return the members of a node's mesh; none if it is none itself.

    A node without a cluster is in no mesh.
    """
    own = find_record(known, node_id)
    if not (own.get("cluster_id") and is_member(own)):
        return []
    return [x for x in known if x.get("cluster_id") == own["cluster_id"] and is_member(x)]

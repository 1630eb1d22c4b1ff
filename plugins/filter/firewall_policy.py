# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of the role `firewall`: rules, expected probes and a matrix from zones and nodes."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.matrix import compare
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.policy import Refused
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.probe_plan import (
    ProbePlan,
    expected_probes,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.zones import (
    members_of,
    reach_of,
    rules_of,
    zone_refusals,
)

Nodes = t.Sequence[t.Mapping[str, t.Any]]


def firewall_refusals(zones: Nodes, always: Nodes = ()) -> list[str]:
    """Return a sentence for each reason to refuse zones, and what all nodes may reach."""
    return zone_refusals(zones, always)


def firewall_policy(
    nodes: Nodes, node_id: str, zones: Nodes, mesh_prefix: str = ""
) -> list[dict[str, t.Any]]:
    """Return what a node lets in, as `rules` of `firewall_rules`.

    :raises AnsibleFilterError: if the zones are refused, or the node is not among the nodes.
    """
    node = _find(nodes, node_id)
    try:
        return [rule.as_option("sources") for rule in rules_of(node, zones, mesh_prefix)]
    except Refused as error:
        raise AnsibleFilterError(f"firewall_policy: {error}") from error


def firewall_reach(
    nodes: Nodes, node_id: str, zones: Nodes, mesh_prefix: str = "", always: Nodes = ()
) -> list[dict[str, t.Any]]:
    """Return what a node may reach, as `reach` of `firewall_rules`.

    :raises AnsibleFilterError: if the zones are refused, or the node is not among the nodes.
    """
    node = _find(nodes, node_id)
    try:
        found = reach_of(node, zones, mesh_prefix, always)
    except Refused as error:
        raise AnsibleFilterError(f"firewall_reach: {error}") from error
    return [rule.as_option("destinations") for rule in found]


def firewall_members(nodes: Nodes, node_id: str, zones: Nodes) -> dict[str, list[str]]:
    """Return who is in each zone of a node's cluster, by mesh address.

    :raises AnsibleFilterError: if the node is not among the nodes.
    """
    return members_of(nodes, _find(nodes, node_id), zones)


def firewall_probes(
    nodes: Nodes, node_id: str, zones: Nodes, **plan: t.Any
) -> list[dict[str, t.Any]]:
    """Return what a node probes of the others, and whether the policy allows it.

    :raises AnsibleFilterError: if that would prove nothing, or the node is not among the nodes.
    """
    node = _find(nodes, node_id)
    try:
        return expected_probes(node, nodes, ProbePlan(zones, **plan))
    except Refused as error:
        raise AnsibleFilterError(f"firewall_probes: {error}") from error


def firewall_affected_nodes(nodes: Nodes, node_ids: t.Iterable[str]) -> list[str]:
    """Return the names of the nodes in the clusters of some nodes, without those."""
    given = set(node_ids)
    clusters = {node.get("cluster_id") for node in nodes if node["node_id"] in given}
    return sorted(
        str(node["node_id"])
        for node in nodes
        if node.get("cluster_id") in clusters and node["node_id"] not in given
    )


def firewall_matrix(measured: t.Mapping[str, Nodes]) -> dict[str, t.Any]:
    """Return what was measured as a table, and its differences from the policy."""
    return compare(measured)


def _find(nodes: Nodes, node_id: str) -> t.Mapping[str, t.Any]:
    for node in nodes:
        if not isinstance(node, Mapping) or not node.get("node_id"):
            raise AnsibleFilterError(
                f"{node!r} is no node: give firewall_nodes as node_info returns them, with node_id"
            )
    for node in nodes:
        if node["node_id"] == node_id:
            return node
    raise AnsibleFilterError(
        f"{node_id} is not among the nodes, so its zones are not known; register it with the "
        "service, or add it to firewall_nodes"
    )


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by their names."""
        return {
            "firewall_refusals": firewall_refusals,
            "firewall_policy": firewall_policy,
            "firewall_reach": firewall_reach,
            "firewall_members": firewall_members,
            "firewall_probes": firewall_probes,
            "firewall_affected_nodes": firewall_affected_nodes,
            "firewall_matrix": firewall_matrix,
        }

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of the role `firewall`: zones and nodes in, rules, expectations and a matrix out."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall_matrix import (
    compare,
    expect,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall_policy import (
    Refused,
    rules_of,
    zone_refusals,
)

Nodes = t.Sequence[t.Mapping[str, t.Any]]


def firewall_refusals(zones: Nodes) -> list[str]:
    """Return a sentence for each reason to refuse zones."""
    return zone_refusals(zones)


def firewall_policy(
    nodes: Nodes, node_id: str, zones: Nodes, mesh_prefix: str = ""
) -> list[dict[str, t.Any]]:
    """Return the rules of a node as `firewall_rules` takes them.

    :raises AnsibleFilterError: if the zones are refused, or the node is not among the nodes.
    """
    node = _find(nodes, node_id)
    try:
        return [rule.as_option() for rule in rules_of(node, nodes, zones, mesh_prefix)]
    except Refused as error:
        raise AnsibleFilterError(f"firewall_policy: {error}") from error


def firewall_probes(
    nodes: Nodes,
    node_id: str,
    zones: Nodes,
    mesh_prefix: str = "",
    refused_ports: t.Sequence[int] = (),
) -> list[dict[str, t.Any]]:
    """Return what a node has to ask of the others, and what the policy says to it."""
    return expect(_find(nodes, node_id), nodes, zones, mesh_prefix, refused_ports)


def firewall_matrix(measured: t.Mapping[str, Nodes]) -> dict[str, t.Any]:
    """Return what was measured as a table, and its differences from the policy."""
    return compare(measured)


def _find(nodes: Nodes, node_id: str) -> t.Mapping[str, t.Any]:
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
            "firewall_probes": firewall_probes,
            "firewall_matrix": firewall_matrix,
        }

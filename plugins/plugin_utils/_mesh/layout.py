# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the nodes of a mesh are joined: who has a tunnel to whom, and who carries what for others."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.members import (
    MEMBER_STATES,
    Node,
    is_member,
)

DEFAULT_PORT = 51820
NAT_WORDS = ("auto", "always", "never")
NOT_BOTH = "a mesh has a hub or gateways, not both; leave one of them out"
NOT_ON_RECORD = "is not on record as provisioning, active, maintenance or failed"


@dataclass(frozen=True)
class Layout:
    """How the nodes of one mesh are joined.

    Each node has a relay, through which it is reached by those who have no tunnel to it. In a
    full mesh, that is the node itself.
    """

    hub: str = ""
    """The node through which all others talk to each other."""
    gateways: t.Mapping[str, str] = field(default_factory=dict)
    """By region, the node through which its other nodes talk to those of other regions."""
    network: str = ""
    """The mesh as a whole, as one of its addresses with the prefix length; relays need it."""
    port: int = DEFAULT_PORT
    """Where the records have none."""
    behind_nat: str = "auto"
    """Whether the node in question cannot be called from outside: of NAT_WORDS."""

    def relay_of(self, node: Node) -> str:
        """Return the name of the node that carries what goes to and from a node."""
        if self.gateways:
            return self.gateways.get(str(node.get("region")), "")
        return self.hub or str(node["node_id"])

    def segment_of(self, node: Node) -> str:
        """Return what nodes have in common that need no relay between each other."""
        return str(node.get("region") if self.gateways else node["node_id"])

    def list_relays(self) -> list[str]:
        """Return the names of the nodes that carry for others, sorted."""
        return sorted(self.gateways.values() or ([self.hub] if self.hub else []))


def find_layout_faults(layout: Layout, own: Node, known: t.Iterable[Node]) -> list[str]:
    """Return a sentence for each reason why a layout cannot be that of a node's mesh.

    It has to do for all members, and for the node itself, which may be about to become one.
    """
    if not layout.list_relays():
        return []
    if layout.hub and layout.gateways:
        return [NOT_BOTH]
    on_record = {str(node["node_id"]): node for node in known if node.get("state") in MEMBER_STATES}
    faults = []
    if layout.hub:
        faults += _find_relay_faults(f"the hub {layout.hub}", layout.hub, own, on_record)
    for region, name in sorted(layout.gateways.items()):
        what = f"the gateway {name} of the region {region}"
        faults += _find_relay_faults(what, name, own, on_record, region)
    if layout.gateways:
        faults += _find_regions_without(layout, own, on_record)
    return faults


def _find_relay_faults(
    what: str, name: str, own: Node, on_record: t.Mapping[str, Node], region: str = ""
) -> list[str]:
    """Return why a node cannot carry for others; nothing if it can, once it has a key."""
    node = on_record.get(name)
    if node is None:
        reason = NOT_ON_RECORD
    elif node.get("cluster_id") != own.get("cluster_id"):
        reason = f"is in another cluster than {own['node_id']}"
    elif region and node.get("region") != region:
        reason = f"is in the region {node.get('region') or '(none)'}"
    else:
        return []
    return [f"{what} {reason}; name a node of {region or 'the mesh'}"]


def _find_regions_without(
    layout: Layout, own: Node, on_record: t.Mapping[str, Node]
) -> t.Iterator[str]:
    """Yield a sentence for each region that has members and no gateway, and each lost member."""
    named = set(layout.gateways)
    for name, node in sorted(on_record.items()):
        is_here = node.get("cluster_id") == own.get("cluster_id") and is_member(node)
        if not (is_here or name == own["node_id"]):
            continue
        region = node.get("region")
        if not region:
            reason = "is in no region, and thus has no gateway; give it one"
            yield f"{name} {reason} (`qm node set --region`)"
        elif region not in named:
            named.add(region)
            yield f"no gateway is named for the region {region}, where {name} is; name a node of it"

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe plan: which nodes, paths and ports a node probes, and what the policy expects."""

from __future__ import annotations

import ipaddress
import itertools
import typing as t
from dataclasses import dataclass

from .policy import Policy, Refused, parse_ports
from .zones import groups_of, is_member, reach_of, rules_of

if t.TYPE_CHECKING:
    from .zones import Node, Zone

ADDRESSES = ("internal_ip", "external_ip", "wireguard_ip")


@dataclass(frozen=True)
class ProbePlan:
    """The policy of a fleet, and how much of it each node probes."""

    zones: t.Sequence[Zone]
    mesh_prefix: str = ""
    refused_ports: t.Sequence[int] = ()
    """Ports to probe besides those of the zones."""
    outbound: str = "accept"
    always: t.Sequence[t.Mapping[str, t.Any]] = ()
    """What each node may reach, whatever its zones."""
    full_up_to: int = 32
    """Up to this many nodes, each probes all others."""
    sample: int = 2
    """In larger fleets, how many nodes of each kind it probes."""

    def __post_init__(self) -> None:
        """Check the values.

        :raises Refused: with every reason against it.
        """
        reasons: list[str] = []
        parse_ports(self.refused_ports, "refused_ports", reasons)
        if self.full_up_to < 0:
            reasons.append(f"full_up_to {self.full_up_to} is below 0")
        if self.sample < 1:
            reasons.append(f"sample {self.sample} probes nobody; it is at least 1")
        if reasons:
            raise Refused(*reasons)


def expected_probes(
    source: Node, nodes: t.Iterable[Node], plan: ProbePlan
) -> list[dict[str, t.Any]]:
    """Return a node's probes: an entry for each node, path and port, with the expected answer.

    Probed are all ports that any zone opens, of a range its ends, and ports that must be refused.
    """
    ports = _ports(plan)
    probes = []
    for target in _targets(source, nodes, plan):
        inside, outside = _policy(target, source, plan), _policy(source, target, plan)
        for path, address, own in _paths(source, target):
            interface = inside.mesh_interface if path == "mesh" else "other"
            here, there = ipaddress.ip_address(own), ipaddress.ip_address(address)
            probes += [
                {
                    "target": target["node_id"],
                    "path": path,
                    "address": address,
                    "port": port,
                    "from": _label(source, plan.zones),
                    "to": _label(target, plan.zones),
                    "allowed": inside.lets_in(here, interface, "tcp", port)
                    and outside.lets_out(there, "tcp", port),
                }
                for port in ports
            ]
    return probes


def _targets(source: Node, nodes: t.Iterable[Node], plan: ProbePlan) -> list[Node]:
    """Return the active nodes of the same cluster; of many, some of each kind.

    Of its own kind a node probes those after it, of the others those at its own index. So its work
    does not grow with the fleet, each kind is probed by each, and each node by at least one.
    """
    same_cluster = sorted(
        (
            node
            for node in nodes
            if node.get("cluster_id") == source.get("cluster_id")
            and (node.get("state", "active") == "active" or node["node_id"] == source["node_id"])
        ),
        key=lambda node: str(node["node_id"]),
    )
    names = [node["node_id"] for node in same_cluster]
    is_small = len(same_cluster) <= plan.full_up_to
    count = len(same_cluster) if is_small else plan.sample
    kinds: dict[tuple[str, ...], list[Node]] = {}
    for node in same_cluster:
        kinds.setdefault(() if is_small else _kind(node, plan.zones), []).append(node)
    chosen: list[Node] = []
    for members in kinds.values():
        own = [member["node_id"] for member in members]
        is_own = source["node_id"] in own
        start = (
            own.index(source["node_id"]) + 1 if is_own else names.index(source["node_id"]) * count
        )
        ring = itertools.islice(itertools.cycle(members), start % len(own), None)
        chosen += itertools.islice(ring, min(count, len(own)))
    return sorted(
        (node for node in chosen if node["node_id"] != source["node_id"]),
        key=lambda node: str(node["node_id"]),
    )


def _kind(node: Node, zones: t.Sequence[Zone]) -> tuple[str, ...]:
    """Return what determines a node's rules and paths: zones, region, and families of addresses."""
    families = (_family(node.get(kind)) for kind in ADDRESSES)
    names = (zone["name"] for zone in zones if is_member(node, zone))
    return (str(node.get("region")), *families, *names)


def _family(address: object) -> str:
    return ("ipv6" if ":" in str(address) else "ipv4") if address else ""


def _label(node: Node, zones: t.Sequence[Zone]) -> str:
    """Return the zones of a node, without those of all nodes."""
    groups = groups_of(node)
    names = [
        zone["name"]
        for zone in zones
        if "all" not in zone["members"] and not groups.isdisjoint(zone["members"])
    ]
    return "+".join(names) or "other"


def _policy(node: Node, other: Node, plan: ProbePlan) -> Policy:
    """Return a node's policy, as far as one other node is concerned."""
    address = other.get("wireguard_ip")
    known = (ipaddress.ip_address(address),) if address else ()
    return Policy(
        tuple(rules_of(node, plan.zones, plan.mesh_prefix)),
        tuple(reach_of(node, plan.zones, plan.mesh_prefix, plan.always)),
        {zone["name"]: known for zone in plan.zones if is_member(other, zone)},
        mesh_prefix=ipaddress.ip_network(plan.mesh_prefix) if plan.mesh_prefix else None,
        outbound=plan.outbound,
    )


def _paths(source: Node, target: Node) -> t.Iterator[tuple[str, str, str]]:
    """Yield each path to a node, its address there, and the source address that it sees.

    Of its public addresses, one of each family: between others there may be NAT.
    """
    is_same_region = source.get("region") == target.get("region")
    first, second = "internal_ip", "external_ip"
    if not is_same_region:
        first, second = second, first
    seen = set()
    for kind in (first, second):
        # The source address has the family of the destination.
        family = _family(target.get(kind))
        owns = [source.get(own) for own in (kind, first, second)]
        own = next((own for own in owns if own and _family(own) == family), None)
        if own and family not in seen:
            seen.add(family)
            yield "public", str(target[kind]), str(own)
    if source.get("wireguard_ip") and target.get("wireguard_ip"):
        yield "mesh", str(target["wireguard_ip"]), str(source["wireguard_ip"])


def _ports(plan: ProbePlan) -> list[int]:
    """Return the ports worth probing: the ends of all ranges, and those to be refused."""
    ports = {int(port) for port in plan.refused_ports}
    for zone in plan.zones:
        for entry in (*zone["allow"], *zone.get("reach", ())):
            for text in entry.get("tcp") or ():
                ports.update(int(end) for end in str(text).split("-"))
    return sorted(ports)

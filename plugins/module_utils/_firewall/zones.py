# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zones as data: who is in them, what speaks against them, and a node's rules by them."""

from __future__ import annotations

import functools
import ipaddress
import re
import typing as t
from collections.abc import Mapping

from .policy import COMMENT_MAX, NAME, Refused, Rule, is_list, parse_networks, parse_ports, plain

Node = t.Mapping[str, t.Any]
Zone = t.Mapping[str, t.Any]

ANYWHERE = "any"
MESH = "mesh"
KEYS = {"name", "members", "allow"}
OPTIONAL_KEYS = {"reach"}
PORT_KEYS = {"tcp", "udp"}


def rules_of(node: Node, zones: t.Sequence[Zone], mesh_prefix: str = "") -> list[Rule]:
    """Return what a node lets in, in the order of the zones that it is in.

    The rules name zones, not their nodes: who is in them is `members_of`.

    :raises Refused: with every reason against the zones.
    """
    return _rules(node, zones, "allow", "from", mesh_prefix)


def reach_of(
    node: Node, zones: t.Sequence[Zone], mesh_prefix: str, always: t.Iterable[t.Mapping[str, t.Any]]
) -> list[Rule]:
    """Return what a node may reach by its zones, after what each node always may.

    :raises Refused: with every reason against the zones.
    """
    first = {"name": "always", "members": ["all"], "allow": [], "reach": list(always)}
    return _rules(node, [first, *zones], "reach", "to", mesh_prefix)


def members_of(
    nodes: t.Iterable[Node], node: Node, zones: t.Sequence[Zone]
) -> dict[str, list[str]]:
    """Return the mesh addresses of those who are in each zone, of one node's cluster."""
    cluster = node.get("cluster_id")
    near = [
        (groups_of(peer), str(peer["wireguard_ip"]))
        for peer in nodes
        if peer.get("cluster_id") == cluster and peer.get("wireguard_ip")
    ]
    return {
        zone["name"]: [
            address for groups, address in near if not groups.isdisjoint(zone["members"])
        ]
        for zone in zones
        if zone["name"] != MESH
    }


def is_member(node: Node, zone: Zone) -> bool:
    """Return whether a node is in a zone: by its name, or by a group of the inventory."""
    return not groups_of(node).isdisjoint(zone["members"])


def groups_of(node: Node) -> set[str]:
    """Return a node's name, and the groups in which the service's inventory lists it."""
    groups = {"all", str(node["node_id"]), _group(node.get("node_type") or "")}
    for key, prefix in (("cluster_id", "cluster"), ("environment", "env")):
        groups.add(f"{prefix}_{_group(node.get(key) or '')}")
    for key in ("region", "project", "state"):
        groups.add(f"{key}_{_group(node.get(key) or '')}")
    return groups


@functools.lru_cache(maxsize=1024)
def _group(value: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", value)


def zone_refusals(
    zones: t.Sequence[Zone], always: t.Iterable[t.Mapping[str, t.Any]] = ()
) -> list[str]:
    """Return a sentence for each reason to refuse the zones; none if they can be."""
    reasons: list[str] = []
    names = [zone.get("name") for zone in zones if isinstance(zone, Mapping)]
    known = [MESH, ANYWHERE, *names]
    for zone in zones:
        reasons += _zone_refusals(zone, names, known)
    for entry in always:
        reasons += _refusals("firewall_reach_always", "it", "to", entry, known)
    return list(dict.fromkeys(reasons))


def _zone_refusals(zone: Zone, names: list[t.Any], known: list[t.Any]) -> list[str]:
    name = zone.get("name") if isinstance(zone, Mapping) else zone
    if not isinstance(name, str) or not NAME.fullmatch(name) or name == ANYWHERE:
        return [f"zone {name!r}: a name is made of small letters, digits and _"]
    if not isinstance(zone, Mapping) or not KEYS <= set(zone) <= KEYS | OPTIONAL_KEYS:
        return [f"zone {name}: it has name, members, allow and reach, and nothing else"]
    reasons = [f"zone {name} is given twice"] if names.count(name) > 1 else []
    members = zone["members"]
    if not is_list(members) or not all(isinstance(member, str) for member in members):
        reasons.append(f"zone {name}: members is no list of names, as [web, db-1]: {members!r}")
    for kind, others in (("allow", "from"), ("reach", "to")):
        entries = zone.get(kind, [])
        if not is_list(entries):
            reasons.append(f"zone {name}: {kind} is no list: {entries!r}")
            continue
        for entry in entries:
            reasons += _refusals(f"zone {name}", kind, others, entry, known)
    return reasons


def _refusals(
    where: str, kind: str, others: str, entry: t.Mapping[str, t.Any], known: list[t.Any]
) -> list[str]:
    """Return what speaks against an entry; lists must be lists, as a text is one of letters."""
    if (
        not isinstance(entry, Mapping)
        or others not in entry
        or not set(entry) <= {others, *PORT_KEYS}
    ):
        return [f"{where}: an entry of {kind} has {others}, tcp and udp, and nothing else"]
    reasons = [
        f"{where}: {key} is no list, as [{example}]: {entry[key]!r}"
        for key, example in ((others, ANYWHERE), ("tcp", 443), ("udp", 53))
        if entry.get(key, []) is not None and not is_list(entry.get(key, []))
    ]
    if entry[others] is None:
        reasons.append(f"{where}: {others} is empty; [] is nobody, [{ANYWHERE}] is all")
    if reasons:
        return reasons
    reasons += [
        f"{where}: {other!r} is neither any, mesh, a zone nor a network as 10.0.0.0/8"
        for other in entry[others]
        if other not in known and not _is_network(other)
    ]
    ports = [parse_ports(entry.get(key) or [], where, reasons) for key in ("tcp", "udp")]
    if not any(ports) and not reasons:
        reasons.append(f"{where}: an entry of {kind} names neither tcp nor udp ports")
    return reasons


def _is_network(given: object) -> bool:
    try:
        ipaddress.ip_network(plain(given))
    except ValueError:
        return False
    return True


def _rules(
    node: Node, zones: t.Sequence[Zone], kind: str, others: str, mesh_prefix: str
) -> list[Rule]:
    reasons = zone_refusals(zones)
    if reasons:
        raise Refused(*reasons)
    names = {zone["name"] for zone in zones} - {MESH}
    found = (
        _rule(f"{zone['name']} {others}", entry, others, names, mesh_prefix)
        for zone in zones
        if is_member(node, zone)
        for entry in zone.get(kind) or ()
    )
    return [rule for rule in found if rule]


def _rule(
    words: str, entry: t.Mapping[str, t.Any], others: str, names: set[str], mesh_prefix: str
) -> Rule | None:
    """Return an entry as a rule; None if it is about the mesh alone, and there is none.

    Zones are known by mesh addresses, which anybody may pose with where there is no mesh.
    """
    given = list(entry[others])
    comment = f"{words} {', '.join(given)}"
    if len(comment) > COMMENT_MAX:
        comment = f"{comment[: COMMENT_MAX - 3]}..."
    ports = [parse_ports(entry.get(key) or [], words, []) for key in ("tcp", "udp")]
    if ANYWHERE in given:
        return Rule(comment, (), (), *ports)
    texts = [mesh_prefix if other == MESH else other for other in given if other not in names]
    networks = parse_networks(filter(None, texts), words, [])
    zones = tuple(sorted(names.intersection(given))) if mesh_prefix else ()
    return Rule(comment, networks, zones, *ports) if networks or zones else None

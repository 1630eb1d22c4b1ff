# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node lets in: the zones as data, and the rules that follow from them for one node."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    # Modules may run on Python 3.8, whose types know no `|`: ansible-test's pylint insists.
    Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]  # noqa: UP007 - as above
    Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]  # noqa: UP007 - as above
    Ports = tuple[tuple[int, int], ...]

ANYWHERE = "any"
MESH = "mesh"
PORT_MAX = 65535
COMMENT_MAX = 100
"""Less than nftables takes, so that it also fits when a letter takes more bytes than one."""
NAME = re.compile(r"^[a-z][a-z0-9_]{0,30}$")
INTERFACE = re.compile(r"^[A-Za-z0-9_.-]{1,15}$")
KEYS = {"name", "members", "allow"}
ALLOW_KEYS = {"from", "tcp", "udp"}


class Refused(Exception):
    """A policy that cannot be; `reasons` are its sentences."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True)
class Rule:
    """Who may reach which ports of a node."""

    comment: str
    networks: tuple[Network, ...] = ()
    """Empty means anywhere."""
    tcp: Ports = ()
    udp: Ports = ()

    def allows(self, source: Address, protocol: str, port: int) -> bool:
        """Tell whether a packet from there to a port is let in by this rule."""
        ports = self.tcp if protocol == "tcp" else self.udp
        if not any(first <= port <= last for first, last in ports):
            return False
        return not self.networks or any(source in network for network in self.networks)

    def as_option(self) -> dict[str, t.Any]:
        """Return the rule as the module `firewall_rules` takes it."""
        return {
            "comment": self.comment,
            "sources": [str(network) for network in self.networks],
            "tcp": show_ports(self.tcp),
            "udp": show_ports(self.udp),
        }


@dataclass(frozen=True)
class Policy:
    """All that a node lets in; what no rule names is dropped, and refused within the mesh."""

    rules: tuple[Rule, ...]
    mesh_interface: str = "wg0"
    mesh_prefix: Network | None = None
    mesh_port: int | None = None
    forward: str = "accept"

    def allows(self, source: Address, interface: str, protocol: str, port: int) -> bool:
        """Tell whether a packet that comes in by an interface reaches a port."""
        if self.mesh_prefix and source in self.mesh_prefix and interface != self.mesh_interface:
            return False
        return any(rule.allows(source, protocol, port) for rule in self.rules)


def parse_policy(options: t.Mapping[str, t.Any]) -> Policy:
    """Return the policy that the options of `firewall_rules` state.

    :raises Refused: with every reason against it.
    """
    reasons: list[str] = []
    rules = []
    for given in options["rules"] or []:
        comment = str(given["comment"])
        if not re.match(r"^[A-Za-z0-9 ._:,/-]+$", comment) or len(comment) > COMMENT_MAX:
            reasons.append(f"comment {comment!r} is not made of 1 to {COMMENT_MAX} plain letters")
        networks = _networks(given.get("sources") or [], comment, reasons)
        ports = [_ports(given.get(kind) or [], comment, reasons) for kind in ("tcp", "udp")]
        if not any(ports):
            reasons.append(f"{comment}: neither tcp nor udp ports are given")
        rules.append(Rule(comment, networks, *ports))
    interface = str(options["mesh_interface"])
    if not INTERFACE.match(interface):
        reasons.append(f"mesh_interface {interface!r} is no name of an interface")
    prefix = _networks([options["mesh_prefix"]] if options["mesh_prefix"] else [], MESH, reasons)
    port = options["mesh_port"]
    if port is not None and not 1 <= port <= PORT_MAX:
        reasons.append(f"mesh_port {port} is not within 1 to {PORT_MAX}")
    if reasons:
        raise Refused(*reasons)
    return Policy(
        tuple(rules), interface, prefix[0] if prefix else None, port, str(options["forward"])
    )


def rules_of(
    node: t.Mapping[str, t.Any],
    nodes: t.Iterable[t.Mapping[str, t.Any]],
    zones: t.Sequence[t.Mapping[str, t.Any]],
    mesh_prefix: str = "",
) -> list[Rule]:
    """Return the rules of one node, in the order of the zones that it is in.

    A zone as a source means the nodes in it that are in the same mesh, by their mesh addresses.
    One in which there is nobody yet lets nobody in.

    :raises Refused: with every reason against the zones.
    """
    reasons = zone_refusals(zones)
    if reasons:
        raise Refused(*reasons)
    peers = [peer for peer in nodes if peer.get("cluster_id") == node.get("cluster_id")]
    members = {
        zone["name"]: [
            f"{peer['wireguard_ip']}"
            for peer in peers
            if peer.get("wireguard_ip") and is_member(peer, zone)
        ]
        for zone in zones
    }
    members[MESH] = [mesh_prefix] if mesh_prefix else []
    rules = []
    for zone in zones:
        if is_member(node, zone):
            rules += [
                rule for allow in zone["allow"] if (rule := _rule(zone["name"], allow, members))
            ]
    return rules


def is_member(node: t.Mapping[str, t.Any], zone: t.Mapping[str, t.Any]) -> bool:
    """Tell whether a node is in a zone: by its name, or by a group of the inventory."""
    return not groups_of(node).isdisjoint(zone["members"])


def groups_of(node: t.Mapping[str, t.Any]) -> set[str]:
    """Return a node's name, and the groups in which the service's inventory lists it."""
    groups = {"all", str(node["node_id"]), _group(node.get("node_type"))}
    for key, prefix in (("cluster_id", "cluster"), ("environment", "env")):
        groups.add(f"{prefix}_{_group(node.get(key))}")
    for key in ("region", "project", "state"):
        groups.add(f"{key}_{_group(node.get(key))}")
    return groups


def _group(value: t.Any) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", str(value or ""))


def zone_refusals(zones: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """Return a sentence for each reason to refuse the zones; none if they can be."""
    reasons: list[str] = []
    names = [zone.get("name") for zone in zones]
    for zone in zones:
        name = zone.get("name")
        if not isinstance(name, str) or not NAME.match(name) or name == ANYWHERE:
            reasons.append(f"zone {name!r}: a name is made of small letters, digits and _")
            continue
        if names.count(name) > 1:
            reasons.append(f"zone {name} is given twice")
        if set(zone) != KEYS:
            reasons.append(f"zone {name}: it has name, members and allow, and nothing else")
            continue
        for allow in zone["allow"]:
            reasons += _allow_refusals(name, allow, {MESH, ANYWHERE, *names})
    return list(dict.fromkeys(reasons))


def _allow_refusals(
    zone: str, allow: t.Mapping[str, t.Any], known: t.Collection[t.Any]
) -> list[str]:
    reasons: list[str] = []
    if "from" not in allow or not set(allow) <= ALLOW_KEYS:
        return [f"zone {zone}: an entry of allow has from, tcp and udp, and nothing else"]
    for source in allow["from"]:
        if source in known:
            continue
        try:
            ipaddress.ip_network(source)
        except ValueError:
            reasons.append(
                f"zone {zone}: {source!r} is neither any, mesh, a zone nor a network as 10.0.0.0/8"
            )
    ports = [_ports(allow.get(kind) or [], f"zone {zone}", reasons) for kind in ("tcp", "udp")]
    if not any(ports) and not reasons:
        reasons.append(f"zone {zone}: an entry of allow names neither tcp nor udp ports")
    return reasons


def _rule(
    zone: str, allow: t.Mapping[str, t.Any], members: t.Mapping[str, t.Sequence[str]]
) -> Rule | None:
    """Return an entry as a rule; None if nobody is where it lets in from."""
    sources = list(allow["from"])
    comment = f"{zone} from {', '.join(sources)}"
    if len(comment) > COMMENT_MAX:
        comment = f"{comment[: COMMENT_MAX - 3]}..."
    ports = [_ports(allow.get(kind) or [], zone, []) for kind in ("tcp", "udp")]
    if ANYWHERE in sources:
        return Rule(comment, (), *ports)
    texts = [text for source in sources for text in members.get(source, [source])]
    networks = _networks(texts, zone, [])
    return Rule(comment, networks, *ports) if networks else None


def _networks(texts: t.Iterable[str], what: str, reasons: list[str]) -> tuple[Network, ...]:
    """Return networks without overlaps, IPv4 first; nftables refuses sets that overlap."""
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError as error:
            reasons.append(f"{what}: {error}")
    merged: list[Network] = []
    for version in (4, 6):
        merged += ipaddress.collapse_addresses(  # type: ignore[type-var] # one version at a time
            network for network in found if network.version == version
        )
    return tuple(merged)


def _ports(given: t.Iterable[t.Any], what: str, reasons: list[str]) -> Ports:
    """Return ports and ranges as pairs, sorted and without overlaps."""
    pairs = []
    for value in given:
        found = re.match(r"^(\d{1,5})(?:-(\d{1,5}))?$", str(value))
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if 1 <= first <= last <= PORT_MAX:
            pairs.append((first, last))
        else:
            reasons.append(f"{what}: {value!r} is no port, nor a range as 8000-8999")
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def show_ports(ports: Ports) -> list[str]:
    """Return ports as they are written: 22, 8000-8999."""
    return [str(first) if first == last else f"{first}-{last}" for first, last in ports]

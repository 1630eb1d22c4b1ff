# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node lets in and out: rules about networks, zones and ports, and whom they fit."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    # Modules may run on Python 3.8, whose types know no `|`: ansible-test's pylint insists.
    Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]  # noqa: UP007 - as above
    Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]  # noqa: UP007 - as above
    Ports = tuple[tuple[int, int], ...]
    Zones = t.Mapping[str, tuple[Address, ...]]

PORT_MAX = 65535
COMMENT_MAX = 100
"""Less than nftables takes, so that it also fits when a letter takes more bytes than one."""
ZONE_MARK = "@"
"""Prefix of a zone's name where a network is also allowed, as nftables marks its sets."""
# For fullmatch(): `$` would allow a newline at the end.
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
COMMENT = re.compile(rf"[A-Za-z0-9 ._:,/-]{{1,{COMMENT_MAX}}}")
PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


class Refused(Exception):
    """A policy that cannot be; `reasons` are its sentences."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True)
class Rule:
    """Which ports are reached by whom, or, of what goes out, of whom."""

    comment: str
    networks: tuple[Network, ...] = ()
    zones: tuple[str, ...] = ()
    """Neither networks nor zones means anywhere."""
    tcp: Ports = ()
    udp: Ports = ()

    def fits(self, other: Address, protocol: str, port: int, zones: Zones) -> bool:
        """Return whether the rule is about a port and the other end."""
        ports = self.tcp if protocol == "tcp" else self.udp
        if not any(first <= port <= last for first, last in ports):
            return False
        if not self.networks and not self.zones:
            return True
        is_near = any(other in network for network in self.networks)
        return is_near or any(other in zones.get(zone, ()) for zone in self.zones)

    def as_option(self, others: str) -> dict[str, t.Any]:
        """Return the rule as `firewall_rules` takes it; `others` is its word for the other end."""
        networks = [str(network) for network in self.networks]
        return {
            "comment": self.comment,
            others: [*networks, *(f"{ZONE_MARK}{zone}" for zone in self.zones)],
            "tcp": show_ports(self.tcp),
            "udp": show_ports(self.udp),
        }


@dataclass(frozen=True)
class Policy:
    """All that a node lets in and out; the rest is dropped, and refused within the mesh."""

    rules: tuple[Rule, ...]
    reach: tuple[Rule, ...] = ()
    """What goes out, if `outbound` is not to be accepted as it is."""
    zones: Zones = field(default_factory=dict)
    """Who is in the zones that the rules name."""
    mesh_interface: str = "wg0"
    mesh_prefix: Network | None = None
    mesh_port: int | None = None
    forward: str = "accept"
    outbound: str = "accept"

    def lets_in(self, source: Address, interface: str, protocol: str, port: int) -> bool:
        """Return whether a packet that comes in by an interface reaches a port."""
        if self.mesh_prefix and source in self.mesh_prefix and interface != self.mesh_interface:
            return False
        return any(rule.fits(source, protocol, port, self.zones) for rule in self.rules)

    def lets_out(self, destination: Address, protocol: str, port: int) -> bool:
        """Return whether a packet may leave to a port of somebody."""
        if self.outbound == "accept":
            return True
        return any(rule.fits(destination, protocol, port, self.zones) for rule in self.reach)


def parse_policy(options: t.Mapping[str, t.Any]) -> Policy:
    """Return the policy that the options of `firewall_rules` state.

    :raises Refused: with every reason against it.
    """
    reasons: list[str] = []
    zones = parse_zones(options["zones"] or {}, reasons)
    rules = [_parse_rule(given, "sources", zones, reasons) for given in options["rules"] or []]
    reach = [_parse_rule(given, "destinations", zones, reasons) for given in options["reach"] or []]
    interface = str(options["mesh_interface"])
    if not INTERFACE.fullmatch(interface):
        reasons.append(f"mesh_interface {interface!r} is no name of an interface")
    prefix = options["mesh_prefix"]
    prefixes = parse_networks([prefix] if prefix else [], "mesh_prefix", reasons)
    port = options["mesh_port"]
    if port is not None and not 1 <= port <= PORT_MAX:
        reasons.append(f"mesh_port {port} is not within 1 to {PORT_MAX}")
    members = [address for found in zones.values() for address in found]
    if prefixes and any(address.version != prefixes[0].version for address in members):
        reasons.append(f"zones have addresses of another family than mesh_prefix {prefix}")
    if reasons:
        raise Refused(*dict.fromkeys(reasons))
    return Policy(
        tuple(rules),
        tuple(reach),
        zones,
        interface,
        prefixes[0] if prefixes else None,
        port,
        str(options["forward"]),
        str(options["outbound"]),
    )


def parse_zones(given: t.Mapping[str, t.Any], reasons: list[str]) -> dict[str, tuple[Address, ...]]:
    """Return the addresses of each zone, sorted, each once."""
    zones: dict[str, tuple[Address, ...]] = {}
    for name, texts in given.items():
        if not NAME.fullmatch(str(name)):
            reasons.append(f"zone {name!r}: a name is made of small letters, digits and _")
        if not is_list(texts):
            reasons.append(f"zone {name}: {texts!r} is no list of addresses")
            continue
        found: set[Address] = set()
        for text in texts:
            try:
                found.add(ipaddress.ip_address(plain(text)))
            except ValueError as error:
                reasons.append(f"zone {name}: {error}")
        zones[str(name)] = tuple(sorted(found, key=int))
    if len({address.version for found in zones.values() for address in found}) > 1:
        reasons.append("zones have addresses of IPv4 and IPv6, but a mesh has one family")
    return zones


def is_list(given: object) -> bool:
    """Return whether a value is a list; a text, a sequence of letters to Python, is none."""
    return isinstance(given, (list, tuple))


def plain(given: object) -> str:
    """Return a text that may be an address or network.

    After a % an address names its interface (RFC 4007), and any text at all is taken for a name:
    it would get into the file that nft reads.

    :raises ValueError: it is no text, as a number that is an address to Python, or has a %.
    """
    if not isinstance(given, str) or "%" in given:
        raise ValueError(f"{given!r} is no address without an interface")
    return given


def _parse_rule(
    given: t.Mapping[str, t.Any], others: str, zones: t.Container[str], reasons: list[str]
) -> Rule:
    comment = str(given["comment"])
    if not COMMENT.fullmatch(comment):
        reasons.append(f"comment {comment!r} is not made of 1 to {COMMENT_MAX} plain letters")
    texts = [str(text) for text in given.get(others) or []]
    named = [text[1:] for text in texts if text.startswith(ZONE_MARK)]
    reasons += [
        f"{comment}: zone {name!r} has no members in `zones`" for name in named if name not in zones
    ]
    networks = parse_networks(
        [text for text in texts if not text.startswith(ZONE_MARK)], comment, reasons
    )
    ports = [parse_ports(given.get(kind) or [], comment, reasons) for kind in ("tcp", "udp")]
    if not any(ports):
        reasons.append(f"{comment}: neither tcp nor udp ports are given")
    return Rule(comment, networks, tuple(named), *ports)


def parse_networks(texts: t.Iterable[str], what: str, reasons: list[str]) -> tuple[Network, ...]:
    """Return networks without overlaps, IPv4 first; nftables refuses sets that overlap."""
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(plain(text)))
        except ValueError as error:
            reasons.append(f"{what}: {error}")
    merged: list[Network] = []
    for version in (4, 6):
        merged += ipaddress.collapse_addresses(  # type: ignore[type-var] # one version at a time
            network for network in found if network.version == version
        )
    return tuple(merged)


def parse_ports(given: t.Iterable[t.Any], what: str, reasons: list[str]) -> Ports:
    """Return ports and ranges as pairs, sorted and without overlaps."""
    pairs = []
    for value in given:
        found = PORTS.fullmatch(str(value))
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

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a node's firewall as nftables reads it; see nft(8)."""

from __future__ import annotations

import re
import typing as t

from .policy import show_ports

if t.TYPE_CHECKING:
    from .policy import Address, Network, Policy, Rule, Zones

TABLE = "inet quartermaster"
REPLACING = f"table {TABLE}\ndelete table {TABLE}\n"
"""Makes the table, so that deleting it cannot fail: what follows replaces it in one transaction."""

# What a host cannot live without, whatever the policy is: its own loopback, answers, the errors
# of the path (RFC 4890), and the neighbours and addresses of IPv6.
ESSENTIALS = """\
\t\tiifname "lo" accept
\t\tct state vmap { established : accept, related : accept, invalid : drop }
\t\ticmp type { destination-unreachable, echo-request, time-exceeded, parameter-problem } accept
\t\ticmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, \
echo-request } accept
\t\ticmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } \
ip6 hoplimit 255 accept
\t\ticmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, \
mld2-listener-report } ip6 saddr fe80::/10 accept
\t\tip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment "DHCPv6"
"""
# What a host needs to join and stay in the network, whatever the policy is. ICMP and
# ICMPv6 by number: nft looks the second name up in /etc/protocols, which a small host has not.
OUTBOUND_ESSENTIALS = """\
\t\toifname "lo" accept
\t\tct state { established, related } accept
\t\tmeta l4proto { 1, 58 } accept
\t\tudp sport 68 udp dport 67 accept comment "DHCP"
\t\tudp sport 546 udp dport 547 accept comment "DHCPv6"
"""
FORWARD = """\
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tct state vmap { established : accept, related : accept, invalid : drop }
\t}
"""
SET_PREFIX = "zone_"
_SET = re.compile(
    r"^[ \t]*set zone_(?P<zone>\w+) \{(?P<body>.*?)^[ \t]*\}$", re.DOTALL | re.MULTILINE
)
_ELEMENTS = re.compile(r"elements = \{(.*?)\}", re.DOTALL)


def render(policy: Policy) -> str:
    """Return the whole file: it replaces our table and touches no other one."""
    return (
        "# Written by quartermaster.fleet.firewall_rules: what is changed here is lost.\n"
        f"{REPLACING}"
        f"table {TABLE} {{\n"
        f"{''.join(_set(zone, policy.zones[zone], policy) for zone in _named(policy))}"
        "\tchain input {\n"
        "\t\ttype filter hook input priority filter; policy drop;\n"
        f"{ESSENTIALS}{_lines(_inbound(policy))}\t}}\n"
        f"{_output(policy) if policy.outbound == 'drop' else ''}"
        f"{FORWARD if policy.forward == 'drop' else ''}"
        "}\n"
    )


def read_zones(text: str) -> dict[str, list[str]]:
    """Return the addresses of each zone in a file that `render` made, or as nftables lists it."""
    zones = {}
    for found in _SET.finditer(text):
        elements = _ELEMENTS.search(found["body"])
        zones[found["zone"]] = [part.strip() for part in elements[1].split(",")] if elements else []
    return zones


def replace_zones(text: str, zones: Zones) -> str:
    """Return a file that `render` made with other addresses in its zones."""

    def replace(found: re.Match[str]) -> str:
        addresses = zones.get(found["zone"])
        if addresses is None:
            return found[0]
        kind = next(line for line in found["body"].splitlines() if "type" in line)
        return _block(found["zone"], kind.split()[1], addresses)

    return _SET.sub(replace, text)


def fill_zones(zones: Zones) -> str:
    """Return the commands that give the sets of a running table other addresses, all at once."""
    lines = []
    for zone, addresses in sorted(zones.items()):
        lines.append(f"flush set {TABLE} {SET_PREFIX}{zone}\n")
        if addresses:
            lines.append(f"add element {TABLE} {SET_PREFIX}{zone} {{ {_join(addresses)} }}\n")
    return "".join(lines)


def _named(policy: Policy) -> list[str]:
    """Return the zones that some rule names; nobody asks who is in the others."""
    reach = policy.reach if policy.outbound == "drop" else ()
    return sorted({zone for rule in (*policy.rules, *reach) for zone in rule.zones})


def _set(zone: str, addresses: t.Sequence[Address], policy: Policy) -> str:
    kind = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}[_family(policy)]
    return f"{_block(zone, kind, addresses)}\n"


def _family(policy: Policy) -> str:
    """Return how nftables calls the family of the mesh, which all its addresses are of."""
    members = (address for found in policy.zones.values() for address in found)
    known = policy.mesh_prefix or next(members, None)
    return {4: "ip", 6: "ip6"}[known.version if known else 4]


def _block(zone: str, kind: str, addresses: t.Sequence[Address]) -> str:
    elements = f"\t\telements = {{ {_join(addresses)} }}\n" if addresses else ""
    return f"\tset {SET_PREFIX}{zone} {{\n\t\ttype {kind}\n{elements}\t}}"


def _join(addresses: t.Iterable[Address]) -> str:
    return ", ".join(map(str, addresses))


def _lines(lines: t.Iterable[str]) -> str:
    return "".join(f"\t\t{line}\n" for line in lines)


def _inbound(policy: Policy) -> t.Iterator[str]:
    """Yield what lets the tunnels in, keeps others from posing as a peer, and all rules."""
    if policy.mesh_prefix:
        yield (
            f'iifname != "{policy.mesh_interface}" {_networks("saddr", [policy.mesh_prefix])} drop '
            'comment "mesh addresses come through the mesh alone"'
        )
    if policy.mesh_port:
        yield f'udp dport {policy.mesh_port} accept comment "WireGuard"'
    for rule in policy.rules:
        yield from _allow(rule, "saddr", policy)
    # Peers learn at once that they are refused; strangers learn nothing.
    yield f'iifname "{policy.mesh_interface}" reject with icmpx admin-prohibited'


def _output(policy: Policy) -> str:
    return (
        "\tchain output {\n"
        "\t\ttype filter hook output priority filter; policy drop;\n"
        f"{OUTBOUND_ESSENTIALS}{_lines(_outbound(policy))}\t}}\n"
    )


def _outbound(policy: Policy) -> t.Iterator[str]:
    if policy.mesh_port:
        yield f'udp sport {policy.mesh_port} accept comment "WireGuard"'
    for rule in policy.reach:
        yield from _allow(rule, "daddr", policy)
    # The programs of this host learn at once that they are refused.
    yield "reject with icmpx admin-prohibited"


def _allow(rule: Rule, end: str, policy: Policy) -> t.Iterator[str]:
    """Yield a rule's lines: one for each family, zone and protocol."""
    families = [
        [network for network in rule.networks if network.version == version] for version in (4, 6)
    ]
    others = [_networks(end, family) for family in families if family]
    others += [f"{_family(policy)} {end} @{SET_PREFIX}{zone}" for zone in rule.zones]
    for protocol, ports in (("tcp", rule.tcp), ("udp", rule.udp)):
        if ports:
            dport = f"{protocol} dport {{ {', '.join(show_ports(ports))} }}"
            for other in others or [""]:
                yield f'{other} {dport} accept comment "{rule.comment}"'.lstrip()


def _networks(end: str, networks: t.Sequence[Network]) -> str:
    family = {4: "ip", 6: "ip6"}[networks[0].version]
    hosts = [str(n.network_address if n.num_addresses == 1 else n) for n in networks]
    return f"{family} {end} {{ {', '.join(hosts)} }}"

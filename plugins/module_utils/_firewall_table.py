# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a node's firewall as nftables reads it; see nft(8)."""

from __future__ import annotations

import typing as t

from ._firewall_policy import show_ports

if t.TYPE_CHECKING:
    from ._firewall_policy import Network, Policy, Rule

TABLE = "inet quartermaster"
REPLACING = f"table {TABLE}\ndelete table {TABLE}\n"
"""Makes the table, so that deleting it cannot fail: what follows replaces it in one transaction."""

# What a host cannot live without, whatever the policy says: its own loopback, answers, the errors
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
FORWARD = """\
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tct state vmap { established : accept, related : accept, invalid : drop }
\t}
"""


def render(policy: Policy) -> str:
    """Return the whole file: it replaces our table and touches no other one."""
    lines = [*_mesh(policy), *(line for rule in policy.rules for line in _allow(rule))]
    # Peers learn at once that they are refused; strangers learn nothing.
    lines.append(f'iifname "{policy.mesh_interface}" reject with icmpx admin-prohibited')
    rules = "".join(f"\t\t{line}\n" for line in lines)
    return (
        "# Written by quartermaster.fleet.firewall_rules: what is changed here is lost.\n"
        f"{REPLACING}"
        f"table {TABLE} {{\n"
        "\tchain input {\n"
        "\t\ttype filter hook input priority filter; policy drop;\n"
        f"{ESSENTIALS}{rules}\t}}\n"
        f"{FORWARD if policy.forward == 'drop' else ''}"
        "}\n"
    )


def _mesh(policy: Policy) -> t.Iterator[str]:
    """Yield what lets the tunnels in, and keeps others from posing as a peer."""
    if policy.mesh_prefix:
        yield (
            f'iifname != "{policy.mesh_interface}" {_saddr([policy.mesh_prefix])} drop '
            'comment "mesh addresses come through the mesh alone"'
        )
    if policy.mesh_port:
        yield f'udp dport {policy.mesh_port} accept comment "WireGuard"'


def _allow(rule: Rule) -> t.Iterator[str]:
    """Yield a rule's lines: one for each family and protocol."""
    families = [
        [network for network in rule.networks if network.version == version] for version in (4, 6)
    ]
    sources = [f"{_saddr(family)} " for family in families if family] or [""]
    for protocol, ports in (("tcp", rule.tcp), ("udp", rule.udp)):
        if ports:
            dport = f"{protocol} dport {{ {', '.join(show_ports(ports))} }}"
            for source in sources:
                yield f'{source}{dport} accept comment "{rule.comment}"'


def _saddr(networks: t.Sequence[Network]) -> str:
    family = {4: "ip", 6: "ip6"}[networks[0].version]
    hosts = [str(n.network_address if n.num_addresses == 1 else n) for n in networks]
    return f"{family} saddr {{ {', '.join(hosts)} }}"

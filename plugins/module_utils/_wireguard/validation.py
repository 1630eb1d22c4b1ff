# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the wanted WireGuard interface comes from options and file, and what no interface may be."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import replace

from .model import (
    MTU_MAX,
    MTU_MIN,
    PORT_MAX,
    Interface,
    Invalid,
    Peer,
    check_interface_name,
    check_range,
    is_inside,
    overlaps,
    parse_addresses,
    parse_peer,
)

if t.TYPE_CHECKING:
    from .model import Network


def parse_options(params: t.Mapping[str, t.Any]) -> Interface:
    """Return the interface that a module's options request, in canonical form.

    :raises Invalid: with every reason against them.
    """
    reasons: list[str] = []

    def checked(check: t.Callable[..., t.Any], *values: t.Any) -> t.Any:
        try:
            return check(*values)
        except Invalid as error:
            reasons.extend(error.reasons)
            return None

    checked(check_interface_name, params["name"])
    peers = [checked(parse_peer, given) for given in params["peers"] or []]
    requested = Interface(
        addresses=checked(parse_addresses, params["address"] or []) or (),
        listen_port=checked(check_range, "listen_port", params["listen_port"], 1, PORT_MAX),
        mtu=checked(check_range, "mtu", params["mtu"], MTU_MIN, MTU_MAX),
        peers=_sorted(peer for peer in peers if peer),
    )
    reasons += _duplicates(requested.peers)
    if reasons:
        raise Invalid(*reasons)
    return requested


def replace_all(requested: Interface, known: Interface | None, kept: t.Iterable[str]) -> Interface:
    """Return the interface as requested, with the known peers whose names are to be kept."""
    names, keys = (
        {p.name for p in requested.peers},
        {key for p in requested.peers for key in p.keys},
    )
    wanted = set(kept) - names
    held = [
        peer
        for peer in (known.peers if known else ())
        if peer.name in wanted and peer.public_key not in keys
    ]
    return Interface(
        addresses=requested.addresses,
        listen_port=requested.listen_port,
        mtu=requested.mtu,
        peers=_sorted([*requested.peers, *held]),
    )


def upsert(requested: Interface, known: Interface) -> Interface:
    """Return the known interface, changed by what is requested.

    A peer is known by its name and by its key: a node that comes back with a new key replaces its
    former self.
    """
    names = {peer.name: peer for peer in known.peers}
    keys = {key: peer for peer in known.peers for key in peer.keys}
    changed = [
        peer.over(names.get(peer.name) or keys.get(peer.public_key)) for peer in requested.peers
    ]
    new_names, new_keys = {p.name for p in changed}, {key for p in changed for key in p.keys}
    untouched = [
        peer
        for peer in known.peers
        if peer.name not in new_names and new_keys.isdisjoint(peer.keys)
    ]
    return Interface(
        addresses=requested.addresses or known.addresses,
        listen_port=requested.listen_port or known.listen_port,
        mtu=requested.mtu or known.mtu,
        peers=_sorted([*untouched, *changed]),
    )


def with_keys_in_use(interface: Interface, used: t.Collection[str]) -> Interface:
    """Return the interface with each peer that is being rotated under the key that it uses now.

    `used` are the keys that have allowed IPs at the moment: which of its two keys a peer uses is
    its own choice, and the host follows it.
    """
    return replace(
        interface,
        peers=tuple(
            peer.swapped() if peer.standby_key in used and peer.public_key not in used else peer
            for peer in interface.peers
        ),
    )


def check_whole(
    interface: Interface,
    *,
    own_public_key: str | None,
    other_interfaces: t.Mapping[str, t.Sequence[Network]],
    has_ipv6: bool = True,
) -> None:
    """Refuse an interface that would cut off itself, a peer, or its host.

    `other_interfaces` has the networks of the host's other interfaces. A host that `has_ipv6` not
    would start no interface with one such address, at its next boot at the latest.

    :raises Invalid: with every reason against it.
    """
    reasons = _duplicates(interface.peers)
    if not interface.addresses:
        reasons.append("address is missing: the interface needs at least one, as 10.8.0.1/24")
    if not has_ipv6 and any(":" in network for network in _all_networks(interface)):
        reasons.append("IPv6 is disabled on this host, but among its addresses or allowed IPs")
    for peer in interface.peers:
        if own_public_key and own_public_key in peer.keys:
            reasons.append(f"peer {peer.name} has the public key of this host itself")
    reasons += _own_address_conflicts(interface)
    reasons += _routing_loops(interface)
    reasons += _route_conflicts(interface, other_interfaces)
    if reasons:
        raise Invalid(*reasons)


def _duplicates(peers: t.Sequence[Peer]) -> list[str]:
    """Return what two peers claim at once; WireGuard would silently give it to the last one."""
    reasons: list[str] = []
    seen: dict[tuple[str, str], Peer] = {}
    for peer in peers:
        for kind, value in [
            ("name", peer.name),
            *(("public key", key) for key in peer.keys),
            *(("allowed IP", network) for network in peer.allowed_ips or ()),
        ]:
            other = seen.setdefault((kind, value), peer)
            if other is not peer:
                shown = "" if kind == "public key" else f" {value}"
                reasons.append(f"peers {other.name} and {peer.name} have the same {kind}{shown}")
    return reasons


def _all_networks(interface: Interface) -> t.Iterator[str]:
    """Yield the own addresses, and all networks behind the peers."""
    yield from interface.addresses
    for peer in interface.peers:
        yield from peer.allowed_ips or ()


def _own_address_conflicts(interface: Interface) -> list[str]:
    """Return the peers that claim an address of this host for themselves."""
    own = {str(ipaddress.ip_network(text.partition("/")[0])) for text in interface.addresses}
    return [
        f"peer {peer.name}: allowed IP {network} is this host's own address"
        for peer in interface.peers
        for network in peer.allowed_ips or ()
        if network in own
    ]


def _routing_loops(interface: Interface) -> list[str]:
    """Return the peers that could be reached only through the tunnel to reach them."""
    inside = {
        str(network): network
        for network in [
            *interface.networks(),
            *(
                ipaddress.ip_network(network)
                for peer in interface.peers
                for network in peer.allowed_ips or ()
            ),
        ]
    }
    # Only wide networks are compared one by one: a lookup finds host routes, of which there may be
    # thousands.
    wide = [network for network in inside.values() if network.num_addresses > 1]
    reasons = []
    for peer in interface.peers:
        if not peer.endpoint:
            continue
        text = peer.endpoint.rpartition(":")[0].strip("[]")
        host = ipaddress.ip_network(text)
        if str(host) in inside or any(is_inside(host, network) for network in wide):
            reasons.append(f"peer {peer.name}: endpoint {text} lies inside the tunnels themselves")
    return reasons


def _route_conflicts(
    interface: Interface, other_interfaces: t.Mapping[str, t.Sequence[Network]]
) -> list[str]:
    """Return what would pull traffic of the host's other interfaces into the tunnel."""
    reasons = []
    for device, networks in sorted(other_interfaces.items()):
        for theirs in networks:
            reasons += [
                f"address {text} overlaps {theirs} of {device}"
                for text, own in zip(interface.addresses, interface.networks())  # noqa: B905 - same length; hosts may run Python 3.8
                if overlaps(own, theirs)
            ]
            reasons += [
                f"peer {peer.name}: allowed IP {network} lies in {theirs} of {device}"
                for peer in interface.peers
                for network in peer.allowed_ips or ()
                if is_inside(ipaddress.ip_network(network), theirs)
            ]
    return reasons


def _sorted(peers: t.Iterable[Peer]) -> tuple[Peer, ...]:
    return tuple(sorted(peers, key=lambda peer: (peer.name, peer.public_key)))

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A WireGuard interface as people see it in a diff: fingerprints of public keys, and no key."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .model import Interface, Peer, fingerprint, parse_allowed_ips
from .runtime import MANAGED_PROTOCOLS, Route, Running, RunningPeer, needed_routes

PLACEHOLDER_PSK = "nobody's"
"""Shown for the preshared key of a standby key, which is made when it is needed."""


def describe(interface: Interface, own_public_key: str | None) -> str:
    """Return an interface, one line for each setting and peer."""
    lines = [f"address: {', '.join(interface.addresses)}"]
    if own_public_key:
        lines.append(f"key: {fingerprint(own_public_key)}")
    if interface.listen_port:
        lines.append(f"listen_port: {interface.listen_port}")
    if interface.mtu:
        lines.append(f"mtu: {interface.mtu}")
    return "\n".join([*lines, *map(describe_peer, interface.peers)]) + "\n"


def describe_peer(peer: Peer) -> str:
    """Return one line that shows every change of a peer."""
    parts = [f"peer {peer.name}:", f"key {fingerprint(peer.public_key)}"]
    parts.append(f"endpoint {peer.endpoint or '(none)'}")
    parts.append(f"allowed_ips {', '.join(peer.allowed_ips or ()) or '(none)'}")
    parts.append(f"keepalive {peer.persistent_keepalive or 'off'}")
    if peer.preshared_key:
        parts.append("with a preshared key")
    if peer.standby_key:
        parts.append(f"other key {fingerprint(peer.standby_key)}")
    return " ".join(parts)


def describe_running(running: Running, names: t.Mapping[str, str]) -> str:
    """Return a running interface in the words of `describe`; `names` are those of public keys."""
    peers = [
        Peer(
            name=names.get(peer.public_key, f"key-{fingerprint(peer.public_key)}"),
            public_key=peer.public_key,
            endpoint=peer.endpoint,
            allowed_ips=parse_allowed_ips(peer.allowed_ips),
            persistent_keepalive=peer.persistent_keepalive,
            preshared_key=peer.preshared_key,
        )
        for peer in running.peers
    ]
    peers.sort(key=lambda peer: (peer.name, peer.public_key))
    shown = Interface(
        addresses=tuple(sorted(running.addresses)),
        listen_port=running.listen_port,
        mtu=running.mtu,
        peers=tuple(peers),
    )
    state = "" if running.is_up else "link: down\n"
    routes = "".join(f"route: {network}\n" for network in sorted(_shown_routes(running)))
    return describe(shown, running.public_key) + state + routes


def _shown_routes(running: Running) -> t.Iterator[str]:
    """Yield the routes, less those which the kernel makes for every interface."""
    for route in running.routes:
        if not (route.network.is_link_local or route.network.is_multicast):
            yield str(route.network)


def predict(
    wanted: Interface,
    running: Running,
    *,
    own_public_key: str | None,
    roaming: t.Collection[str],
) -> Running:
    """Return the running interface as it will be when its drift is repaired."""
    current = {peer.public_key: peer for peer in running.peers}
    peers = []
    for peer in wanted.peers:
        runs = current.get(peer.public_key)
        peers.append(
            RunningPeer(
                public_key=peer.public_key,
                preshared_key=peer.preshared_key or None,
                endpoint=runs.endpoint if runs and peer.public_key in roaming else peer.endpoint,
                allowed_ips=frozenset(peer.allowed_ips or ()),
                latest_handshake=runs.latest_handshake if runs else 0,
                persistent_keepalive=peer.persistent_keepalive or 0,
            )
        )
    peers += [
        RunningPeer(peer.standby_key, PLACEHOLDER_PSK, None, frozenset(), 0, 0)
        for peer in wanted.peers
        if peer.standby_key
    ]
    replaced = {*MANAGED_PROTOCOLS, "kernel"}
    kept = [r for r in running.routes if r.protocol not in replaced or not r.is_direct]
    made = [Route(network, "boot", is_direct=True) for network in needed_routes(wanted)]
    return replace(
        running,
        public_key=own_public_key,
        listen_port=wanted.listen_port or running.listen_port,
        peers=tuple(peers),
        addresses=wanted.addresses,
        mtu=wanted.mtu or running.mtu,
        is_up=True,
        routes=(*kept, *made),
    )

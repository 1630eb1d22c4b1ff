# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a WireGuard interface runs, and the commands that bring it to the wanted state."""

from __future__ import annotations

import ipaddress
import json
import typing as t
from dataclasses import dataclass, field

from .model import Interface, Peer, fingerprint, is_inside

if t.TYPE_CHECKING:
    from .model import Network

FRESH_HANDSHAKE_S = 180
"""WireGuard refuses session keys older than this (REJECT_AFTER_TIME of the protocol's paper)."""
MANAGED_PROTOCOLS = frozenset({"boot", "static"})
"""Protocols of routes made by wg-quick(8), by this module or by hand, not by routing daemons."""


@dataclass(frozen=True)
class RunningPeer:
    """A peer from `wg show … dump`."""

    public_key: str
    preshared_key: str | None = field(repr=False)
    endpoint: str | None
    allowed_ips: frozenset[str]
    latest_handshake: int
    persistent_keepalive: int


@dataclass(frozen=True)
class Route:
    """A route of the main table through the interface."""

    network: Network
    protocol: str
    is_direct: bool


@dataclass(frozen=True)
class Running:
    """The interface as it runs."""

    private_key: str | None = field(repr=False)
    public_key: str | None
    listen_port: int
    peers: tuple[RunningPeer, ...]
    addresses: tuple[str, ...]
    mtu: int
    is_up: bool
    routes: tuple[Route, ...]

    @property
    def used_keys(self) -> frozenset[str]:
        """The keys of the peers that traffic goes to."""
        return frozenset(peer.public_key for peer in self.peers if peer.allowed_ips)


@dataclass(frozen=True)
class Drift:
    """What differs: sentences for people, and the commands that repair it.

    `needs_sync` asks for `wg syncconf`, in which the peers in `roaming` keep their endpoint.
    """

    notes: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    needs_sync: bool
    roaming: frozenset[str]


def parse_dump(text: str) -> dict[str, t.Any]:
    """Return the fields of Running that `wg show NAME dump` gives."""
    first, *rest = (line.split("\t") for line in text.splitlines())
    return {
        "private_key": None if first[0] == "(none)" else first[0],
        "public_key": None if first[1] == "(none)" else first[1],
        "listen_port": int(first[2]),
        "peers": tuple(_parse_dumped_peer(fields) for fields in rest),
    }


def _parse_dumped_peer(fields: t.Sequence[str]) -> RunningPeer:
    return RunningPeer(
        public_key=fields[0],
        preshared_key=None if fields[1] == "(none)" else fields[1],
        endpoint=None if fields[2] == "(none)" else fields[2],
        allowed_ips=frozenset(fields[3].split(",")) - {"(none)"},
        latest_handshake=int(fields[4]),
        persistent_keepalive=0 if fields[7] == "off" else int(fields[7]),
    )


def parse_links(text: str, name: str) -> tuple[dict[str, t.Any], dict[str, list[Network]]]:
    """Return the interface's fields from `ip -j address show`, and the others' networks."""
    own: dict[str, t.Any] = {}
    other_interfaces: dict[str, list[Network]] = {}
    for link in json.loads(text or "[]"):
        if not link.get("ifname"):
            continue  # iproute2 prints empty objects for what its filter left out
        addresses = [
            f"{info['local']}/{info['prefixlen']}"
            for info in link.get("addr_info", [])
            if info.get("scope") == "global" and "local" in info
        ]
        if link["ifname"] == name:
            own = {
                "addresses": tuple(addresses),
                "mtu": link["mtu"],
                "is_up": "UP" in link["flags"],
            }
        elif addresses:
            networks = [ipaddress.ip_interface(address).network for address in addresses]
            other_interfaces[link["ifname"]] = networks
    return own, other_interfaces


def parse_routes(*texts: str) -> tuple[Route, ...]:
    """Return the routes of `ip -j route show dev NAME`, of any number of such answers."""
    found = []
    for text in texts:
        for route in json.loads(text or "[]"):
            if (
                route.get("dst", "default") == "default"
                or route.get("type", "unicast") != "unicast"
            ):
                continue
            found.append(
                Route(
                    network=ipaddress.ip_network(route["dst"]),
                    protocol=route.get("protocol", "boot"),
                    is_direct="gateway" not in route and "via" not in route,
                )
            )
    return tuple(found)


def find_drift(
    name: str,
    wanted: Interface,
    private_key: str,
    running: Running,
    *,
    stable_endpoints: t.Collection[str] = (),
    now: float,
) -> Drift:
    """Return what has to be done for the running interface to be the wanted one.

    `stable_endpoints` are public keys of peers whose wanted endpoint is not new: theirs may have
    moved meanwhile, which is roaming as long as handshakes arrive from there.
    """
    roaming = frozenset(_find_roaming(wanted, running, stable_endpoints, now))
    notes = _compare_peers(wanted, private_key, running, roaming)
    needs_sync = bool(notes)
    commands: list[tuple[str, ...]] = []
    for note, command in (
        *_repair_link(name, wanted, running),
        *_repair_routes(name, wanted, running),
    ):
        notes.append(note)
        commands.append(command)
    return Drift(tuple(notes), tuple(commands), needs_sync, roaming)


def _find_roaming(
    wanted: Interface, running: Running, stable_endpoints: t.Collection[str], now: float
) -> t.Iterator[str]:
    current = {peer.public_key: peer for peer in running.peers}
    for peer in wanted.peers:
        runs = current.get(peer.public_key)
        if runs is None or not runs.endpoint or runs.endpoint == peer.endpoint:
            continue
        is_fresh = now - runs.latest_handshake < FRESH_HANDSHAKE_S
        if peer.endpoint is None or (peer.public_key in stable_endpoints and is_fresh):
            yield peer.public_key


def _compare_peers(
    wanted: Interface, private_key: str, running: Running, roaming: t.Collection[str]
) -> list[str]:
    notes = []
    if running.private_key != private_key:
        notes.append(
            "private key: the running key differs from the file"
            if running.private_key
            else "private key: none"
        )
    if wanted.listen_port and running.listen_port != wanted.listen_port:
        notes.append(f"listen_port: {running.listen_port} → {wanted.listen_port}")
    current = {peer.public_key: peer for peer in running.peers}
    for peer in wanted.peers:
        notes += _compare_peer(peer, current.pop(peer.public_key, None), roaming)
        if peer.standby_key:
            notes += _compare_standby(peer.name, current.pop(peer.standby_key, None))
    notes += [f"peer with key {fingerprint(key)}: removed" for key in sorted(current)]
    return notes


def _compare_peer(
    peer: Peer, runs: RunningPeer | None, roaming: t.Collection[str]
) -> t.Iterator[str]:
    if runs is None:
        yield f"peer {peer.name}: added"
        return
    allowed = frozenset(peer.allowed_ips or ())
    if runs.allowed_ips != allowed:
        yield f"peer {peer.name}: allowed_ips {_show(runs.allowed_ips)} → {_show(allowed)}"
    if runs.endpoint != peer.endpoint and peer.public_key not in roaming:
        yield f"peer {peer.name}: endpoint {runs.endpoint or '(none)'} → {peer.endpoint}"
    keepalive = peer.persistent_keepalive or 0
    if runs.persistent_keepalive != keepalive:
        yield f"peer {peer.name}: keepalive {runs.persistent_keepalive} → {keepalive}"
    if (runs.preshared_key or "") != (peer.preshared_key or ""):
        word = "the running key differs from the file" if runs.preshared_key else "none"
        yield f"peer {peer.name}: preshared key: {word if peer.preshared_key else 'removed'}"


def _compare_standby(name: str, runs: RunningPeer | None) -> t.Iterator[str]:
    """Yield what differs of the key to which a peer may change."""
    if runs is None:
        yield f"peer {name}: other key added"
    elif runs.allowed_ips or not runs.preshared_key or runs.persistent_keepalive:
        yield f"peer {name}: standby key may be used already"


def _show(networks: t.Collection[str]) -> str:
    return ", ".join(sorted(networks)) or "(none)"


def _repair_link(
    name: str, wanted: Interface, running: Running
) -> t.Iterator[tuple[str, tuple[str, ...]]]:
    """Yield notes and commands for addresses, MTU and state; what is added comes first."""
    for address in wanted.addresses:
        if address not in running.addresses:
            yield f"address {address}: added", ("ip", "address", "add", address, "dev", name)
    for address in running.addresses:
        if address not in wanted.addresses:
            yield f"address {address}: removed", ("ip", "address", "del", address, "dev", name)
    if wanted.mtu and wanted.mtu != running.mtu:
        yield (
            f"mtu: {running.mtu} → {wanted.mtu}",
            ("ip", "link", "set", "dev", name, "mtu", str(wanted.mtu)),
        )
    if not running.is_up:
        yield "link: down → up", ("ip", "link", "set", "dev", name, "up")


def _repair_routes(
    name: str, wanted: Interface, running: Running
) -> t.Iterator[tuple[str, tuple[str, ...]]]:
    """Yield notes and commands for the routes: the addresses' own ones, and the allowed IPs'."""
    existing = {route.network for route in running.routes}
    needed = needed_routes(wanted)
    for network, source in needed.items():
        if network in existing:
            continue
        if source is None:
            command = ("ip", "route", "replace", str(network), "dev", name)
        elif source in running.addresses and running.is_up:
            command = ("ip", "route", "replace", str(network), "dev", name)
            command += ("proto", "kernel", "scope", "link", "src", source.partition("/")[0])
        else:
            continue  # the kernel makes it together with the address
        yield f"route {network}: added", command
    for route in running.routes:
        if route.network not in needed and route.is_direct and route.protocol in MANAGED_PROTOCOLS:
            command = ("ip", "route", "del", str(route.network), "dev", name)
            yield f"route {route.network}: removed", command


def needed_routes(wanted: Interface) -> dict[Network, str | None]:
    """Return the networks to be routed; with the own address that brings the route, if one does.

    As wg-quick(8) does, an allowed IP within the network of an own address needs no route.
    """
    own = {ipaddress.ip_interface(text).network: text for text in wanted.addresses}
    needed: dict[Network, str | None] = {
        network: text for network, text in own.items() if network.num_addresses > 1
    }
    for peer in wanted.peers:
        for text in peer.allowed_ips or ():
            network = ipaddress.ip_network(text)
            if not any(is_inside(network, whole) for whole in own):
                needed[network] = None
    return needed

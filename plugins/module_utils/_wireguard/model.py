# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a WireGuard interface and its peers may be: values, and the rules between them."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import typing as t
from dataclasses import dataclass, field, replace

KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
"""32 bytes in canonical base64, as wg(8) prints and accepts them."""
NO_KEY = "A" * 43 + "="
INTERFACE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
"""What wg-quick(8), the kernel and a systemd instance name all take as it is."""
INTERFACE_OPTIONS: dict[str, dict[str, t.Any]] = {"name": {"type": "str", "default": "wg0"}}
"""Options of modules of one interface, described in the fragment `interface`."""
RESERVED_NAMES = frozenset({"all", "default", "interfaces", "lo"})
PEER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")
ENDPOINT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<v4>[0-9.]+)):(?P<port>[0-9]{1,5})")
PORT_MAX = 65535
MTU_MIN, MTU_MAX = 1280, 9216
"""IPv6 needs 1280 bytes; jumbo frames end below 9216."""

if t.TYPE_CHECKING:
    Network: t.TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"


class Invalid(ValueError):
    """Values that are refused before anything is touched; `reasons` holds one sentence each."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Peer:
    """The other end of a tunnel. None means: not given here."""

    name: str
    public_key: str
    endpoint: str | None = None
    allowed_ips: tuple[str, ...] | None = None
    persistent_keepalive: int | None = None
    standby_key: str | None = None
    """A second key, to or from which a rotation may change this end at any moment."""
    preshared_key: str | None = field(default=None, repr=False)
    """A secret that both ends have besides their keys; empty for none."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it may have."""
        return (self.public_key, self.standby_key) if self.standby_key else (self.public_key,)

    def swapped(self) -> Peer:
        """Return the same peer with its other key in use."""
        return replace(self, public_key=self.standby_key or "", standby_key=self.public_key)

    def over(self, known: Peer | None) -> Peer:
        """Return this peer, with what it leaves out taken from the one known so far."""
        if known is None:
            return self
        return replace(
            self,
            endpoint=self.endpoint or known.endpoint,
            allowed_ips=known.allowed_ips if self.allowed_ips is None else self.allowed_ips,
            persistent_keepalive=(
                known.persistent_keepalive
                if self.persistent_keepalive is None
                else self.persistent_keepalive
            ),
            preshared_key=(
                known.preshared_key if self.preshared_key is None else self.preshared_key
            ),
        )


@dataclass(frozen=True)
class Interface:
    """This end of the tunnels, with the peers sorted by name."""

    addresses: tuple[str, ...] = ()
    listen_port: int | None = None
    mtu: int | None = None
    peers: tuple[Peer, ...] = ()

    def networks(self) -> list[Network]:
        """Return the networks that its own addresses make directly reachable."""
        return [ipaddress.ip_interface(address).network for address in self.addresses]

    def routes(self) -> list[Network]:
        """Return all networks that are led into the tunnels: its own, and those of the peers."""
        theirs = (text for peer in self.peers for text in peer.allowed_ips or ())
        return [*self.networks(), *map(ipaddress.ip_network, theirs)]


def fingerprint(public_key: str) -> str:
    """Return eight hex digits by which people recognise a key; they do not reveal it."""
    return hashlib.sha256(public_key.encode()).hexdigest()[:8]


def is_key(text: str) -> bool:
    """Return whether a text is a usable key; the key of zeros means none."""
    return bool(KEY.fullmatch(text)) and text != NO_KEY


def check_interface_name(name: str) -> str:
    """Return an interface name that is safe in a path, a unit name and a command.

    :raises Invalid: for any other.
    """
    if not INTERFACE_NAME.fullmatch(name) or name in RESERVED_NAMES:
        raise Invalid(
            f"name {name!r} is no interface name: 1 to 15 letters, digits, '_', '-' or '.', "
            f"not starting with '-' or '.', and none of {', '.join(sorted(RESERVED_NAMES))}"
        )
    return name


def parse_peer(given: t.Mapping[str, t.Any]) -> Peer:
    """Return a peer in canonical form from a module's option.

    :raises Invalid: with every reason against it.
    """
    name = str(given["name"])
    if not PEER_NAME.fullmatch(name):
        raise Invalid(f"peer {name[:64]!r}: the name may hold letters, digits, '_', '-' and '.'")
    reasons: list[str] = []

    def checked(check: t.Callable[..., t.Any], *values: t.Any) -> t.Any:
        try:
            return check(*values)
        except Invalid as error:
            reasons.extend(f"peer {name}: {reason}" for reason in error.reasons)
            return None

    key, allowed = str(given["public_key"]), given.get("allowed_ips")
    other = given.get("next_public_key") or None
    for what, text in (("public_key", key), ("next_public_key", other)):
        if text is not None and not is_key(text):
            reasons.append(f"peer {name}: {what} is no WireGuard key (44 characters of base64)")
    preshared = given.get("preshared_key")
    if preshared and not is_key(preshared):
        # Unlike a public key, it is not repeated.
        reasons.append(f"peer {name}: preshared_key is no WireGuard key (44 characters of base64)")
    endpoint, keepalive = given.get("endpoint"), given.get("persistent_keepalive")
    peer = Peer(
        name=name,
        public_key=key,
        endpoint=checked(parse_endpoint, endpoint) if endpoint else None,
        allowed_ips=checked(parse_allowed_ips, allowed) if allowed is not None else None,
        persistent_keepalive=checked(check_range, "persistent_keepalive", keepalive, 0, PORT_MAX),
        standby_key=None if other == key else other,
        preshared_key=preshared,
    )
    if reasons:
        raise Invalid(*reasons)
    return peer


def parse_endpoint(text: str) -> str:
    """Return `address:port` in canonical form.

    Names are refused: wg(8) resolves them, and one that does not resolve stops a whole
    `wg syncconf`, hence the tunnels to all other peers.

    :raises Invalid: if it is anything else.
    """
    found = ENDPOINT.fullmatch(text)
    try:
        address = ipaddress.ip_address((found["v6"] or found["v4"]) if found else "")
    except ValueError:
        address = None
    if not found or address is None or (address.version == 6) != bool(found["v6"]):  # noqa: PLR2004 - IPv6
        raise Invalid(
            f"endpoint {text[:64]!r} is not 192.0.2.1:51820 or [2001:db8::1]:51820 "
            "(an address, not a name)"
        )
    if address.is_unspecified or address.is_multicast:
        raise Invalid(f"endpoint {text[:64]!r} is no address of one host")
    port = check_range("the endpoint's port", int(found["port"]), 1, PORT_MAX)
    return f"[{address}]:{port}" if found["v6"] else f"{address}:{port}"


def parse_allowed_ips(texts: t.Iterable[str]) -> tuple[str, ...]:
    """Return networks in canonical form, sorted, each once.

    :raises Invalid: for what is no network, has host bits set, or is the default route.
    """
    networks, reasons = set(), []
    for text in texts:
        try:
            network = ipaddress.ip_network(str(text))
        except ValueError as error:
            reasons.append(f"allowed_ips: {error}")
            continue
        if network.prefixlen == 0:
            reasons.append(f"allowed_ips: {network} takes all traffic, which needs policy routing")
        networks.add(network)
    if reasons:
        raise Invalid(*reasons)
    return tuple(str(network) for network in sorted(networks, key=_network_order))


def parse_addresses(texts: t.Iterable[str]) -> tuple[str, ...]:
    """Return the interface's own addresses in canonical form, in the order given.

    :raises Invalid: for what is no host address with its prefix length, and for overlaps.
    """
    addresses: list[ipaddress.IPv4Interface | ipaddress.IPv6Interface] = []
    reasons = []
    for text in texts:
        try:
            address = ipaddress.ip_interface(str(text))
        except ValueError as error:
            reasons.append(f"address: {error}")
            continue
        if "/" not in str(text):
            reasons.append(f"address {text}: the prefix length is missing ({text}/24)")
        if not _is_host(address):
            reasons.append(f"address {text} is no address of one host")
        reasons += [
            f"address {address} overlaps address {other}"
            for other in addresses
            if overlaps(address.network, other.network)
        ]
        addresses.append(address)
    if reasons:
        raise Invalid(*reasons)
    return tuple(str(address) for address in addresses)


def _is_host(address: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> bool:
    """Return whether an address with its network is one that a host can have."""
    host, network = address.ip, address.network
    # In a /31 both addresses belong to hosts (RFC 3021).
    ends = (network.network_address, network.broadcast_address)
    is_end = address.version == 4 and network.num_addresses > 2 and host in ends  # noqa: PLR2004 - IPv4; two addresses
    return not (is_end or host.is_unspecified or host.is_multicast or host.is_loopback)


def check_range(what: str, value: int | None, lowest: int, highest: int) -> int | None:
    """Return a number, or None for none.

    :raises Invalid: if it is out of its range.
    """
    if value is not None and not lowest <= value <= highest:
        raise Invalid(f"{what} {value} is not within {lowest} and {highest}")
    return value


def overlaps(one: Network, other: Network) -> bool:
    """Return whether two networks share an address."""
    return one.version == other.version and one.overlaps(t.cast("t.Any", other))


def is_inside(part: Network, whole: Network) -> bool:
    """Return whether each address of one network is in the other."""
    return part.version == whole.version and part.subnet_of(t.cast("t.Any", whole))


def _network_order(network: Network) -> tuple[int, int, int]:
    return (network.version, int(network.network_address), network.prefixlen)

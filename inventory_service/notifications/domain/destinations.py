# SPDX-License-Identifier: Apache-2.0
"""Destinations of messages: which URLs and addresses the service connects to on somebody's behalf.

Whoever may write a URL could otherwise have the service call what only the service can reach: its
own machine, the networks behind it, the metadata of a cloud (SSRF: OWASP, Server-Side Request
Forgery Prevention Cheat Sheet). The rules are those of Coolify's `SafeWebhookUrl` (4.x).
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from inventory_service.core.errors import BadInput, FieldError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_URL_CHARACTERS = 2000
_PORTS = {"https": 443, "http": 80}
_HIGHEST_PORT = 65535
_NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)
#: What some resolvers and C libraries read as an IPv4 address: `127.1`, `0x7f000001`, `2130706433`.
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")
_VISIBLE = re.compile(r"[\x21-\x5b\x5d-\x7e]+\Z")
#: Names that belong to a machine or a network of one's own.
_PRIVATE_NAMES = (".internal", ".local", ".localhost", ".localdomain", ".lan", ".home.arpa")
#: Of one's own; only where the operator allows it (RFC 1918, 4193, loopback).
_PRIVATE = "10.0.0.0/8 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7"
#: Never: this host, shared space, link-local with the metadata of clouds, tests, multicast,
#: tunnels, reserved (IANA Special-Purpose Address Registries; the single ones are metadata, too).
_NEVER = """
    0.0.0.0/8 100.64.0.0/10 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15
    198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
    ::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16
    fe80::/10 fec0::/10 ff00::/8 fd00:ec2::254/128
"""
#: In ::/96, with those that stand for IPv4 addresses, which nobody uses any more.
_LOOPBACK = ipaddress.IPv6Address("::1")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL = ipaddress.IPv6Network("2000::/3")


def _read_networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(word) for word in text.split())


_PRIVATE_NETWORKS, _NEVER_NETWORKS = _read_networks(_PRIVATE), _read_networks(_NEVER)


@dataclass(frozen=True)
class Destination:
    """The parts of a URL that was checked; only `label` may be logged or shown."""

    scheme: str
    host: str
    port: int
    #: Path and query, which may hold a secret.
    target: str

    @property
    def label(self) -> str:
        """Return scheme and host."""
        return f"{self.scheme}://{self._host}"

    @property
    def host_header(self) -> str:
        """Return the value of the header `Host` (RFC 9110, section 7.2)."""
        return self._host if self.port == _PORTS[self.scheme] else f"{self._host}:{self.port}"

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def parse_destination(url: str) -> Destination:
    """Return the parts of a URL that every reader understands likewise.

    :raises ValueError: it is no such URL; the message does not quote it.
    """
    if len(url) > MOST_URL_CHARACTERS or not _VISIBLE.match(url):
        raise ValueError("must be a URL of visible ASCII characters, without a backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL: https://HOST/PATH") from None
    if parts.scheme not in _PORTS:
        raise ValueError("must begin with https://, or with http:// for a host of QM_NOTIFY_ALLOW")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or a password before its host")
    if "[" in parts.netloc and ":" not in (parts.hostname or ""):
        raise ValueError("must have an IPv6 address in its brackets")
    if parts.fragment or url.endswith("#"):
        raise ValueError("must not hold a fragment (#)")
    port = _PORTS[parts.scheme] if port is None else port
    if not 1 <= port <= _HIGHEST_PORT:
        raise ValueError("must have a port from 1 to 65535")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme, _check_host(parts.hostname or ""), port, target)


def _check_host(host: str) -> str:
    if host.endswith("."):
        raise ValueError("must not have a dot at the end of its host")
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host if "%" not in host else ""))
        except ValueError:
            raise ValueError("must have an IPv6 address without a zone, or a name") from None
    if _NUMERIC.match(host.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise ValueError("must have an IPv4 address of four decimal numbers") from None
    if len(host) > 253 or not _NAME.match(host):  # noqa: PLR2004 - RFC 1035, section 2.3.4
        raise ValueError("must have a host: a DNS name (internationalised ones as xn--…)")
    return host


def unwrap(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


@dataclass(frozen=True)
class Allowance:
    """The hosts and networks of one's own that the operator lets messages go to."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the allowance of QM_NOTIFY_ALLOW: names and networks, separated by commas."""
        hosts, networks = set[str](), list[Network]()
        for word in filter(None, text.split(",")):
            try:
                networks.append(ipaddress.ip_network(word))
            except ValueError:
                hosts.add(word)
        return cls(frozenset(hosts), tuple(networks))

    def check_host(self, destination: Destination) -> None:
        """Check what can be known without the addresses of the host.

        :raises BadInput: its name is one of one's own, and not allowed.
        """
        host = destination.host
        is_own = "." not in host and ":" not in host
        if (is_own or f".{host}".endswith(_PRIVATE_NAMES)) and host not in self.hosts:
            raise _refuse(destination, "is a name of one's own network; QM_NOTIFY_ALLOW lacks it")

    def check(self, destination: Destination, addresses: Sequence[Address]) -> None:
        """Check all addresses of the host: whoever answers for it could choose any of them.

        :raises BadInput: there is none, or one of them is not allowed.
        """
        self.check_host(destination)
        if not addresses:
            raise _refuse(destination, "has no address")
        for address in addresses:
            self._check_address(destination, unwrap(address))

    def _check_address(self, destination: Destination, address: Address) -> None:
        is_never = any(address in network for network in _NEVER_NETWORKS)
        if is_never and address != _LOOPBACK:
            raise _refuse(destination, "has an address that messages never go to")
        is_allowed = destination.host in self.hosts or any(
            address in network for network in self.networks
        )
        is_public = not any(address in network for network in _PRIVATE_NETWORKS) and (
            isinstance(address, ipaddress.IPv4Address) or address in _GLOBAL
        )
        if not is_public and not is_allowed:
            raise _refuse(destination, "has a private address, which QM_NOTIFY_ALLOW does not name")
        if destination.scheme == "http" and not is_allowed:
            raise _refuse(destination, "must be https: QM_NOTIFY_ALLOW does not name the host")


def _refuse(destination: Destination, reason: str) -> BadInput:
    return BadInput(
        f"{destination.label} {reason}.",
        field_errors=[FieldError("webhook_url", f"its host {reason}")],
    )

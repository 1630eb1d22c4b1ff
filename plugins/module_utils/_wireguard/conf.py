# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of a WireGuard interface: the file of wg-quick(8) and the input of `wg syncconf`."""

from __future__ import annotations

import base64
import re
import secrets
import typing as t
from dataclasses import dataclass, field

from .model import (
    KEY,
    MTU_MAX,
    MTU_MIN,
    NO_KEY,
    PEER_NAME,
    PORT_MAX,
    Interface,
    Invalid,
    Peer,
    check_range,
    fingerprint,
    is_key,
    parse_addresses,
    parse_allowed_ips,
    parse_endpoint,
)

HEADER = (
    "# Written by quartermaster.fleet.wireguard_interface, which overwrites what is changed here."
)
END = re.compile(r"# end: (\d+) peers")
"""The last line. Without it a file that lost its tail would look like a smaller mesh."""
NAME = re.compile(r"# name: (\S+)")
STANDBY_KEY = re.compile(r"# other key: (\S+)")
KEY_BYTES = 32
MAX_BYTES = 8 * 1024 * 1024


class Damaged(Exception):
    """A file that cannot be trusted; the text names the reason, and repeats no key."""


@dataclass(frozen=True)
class Conf:
    """A wg-quick file as it was read."""

    interface: Interface
    private_key: str = field(repr=False)
    foreign: tuple[str, ...] = ()
    """Names of settings that this collection does not write, as PostUp or Table."""


@dataclass
class _Section:
    """The lines between one heading and the next."""

    kind: str
    name: str = ""
    standby_key: str | None = None
    values: dict[str, list[str]] = field(default_factory=dict)

    def one(self, key: str) -> str | None:
        """Return the setting's last value, which is the one that counts for wg(8)."""
        return self.values[key][-1] if key in self.values else None

    def many(self, key: str) -> list[str]:
        """Return the items of all lines of a setting that may hold lists."""
        joined = ",".join(self.values.get(key, []))
        return [item.strip() for item in joined.split(",") if item.strip()]

    def number(self, key: str, lowest: int, highest: int) -> int | None:
        """Return the setting as a number.

        :raises Invalid: if it is none, or out of its range.
        """
        text = self.one(key)
        if text is None or (text == "off" and lowest == 0):
            return None
        if not re.fullmatch(r"[0-9]{1,5}", text):
            raise Invalid(f"{key} is no number")
        return check_range(key, int(text), lowest, highest)


KNOWN = {
    "interface": {"privatekey", "address", "listenport", "mtu"},
    "peer": {"publickey", "presharedkey", "allowedips", "endpoint", "persistentkeepalive"},
}


def render(interface: Interface, private_key: str) -> str:
    """Return the whole file for /etc/wireguard; it holds the private key."""
    head = [HEADER, "[Interface]", f"PrivateKey = {private_key}"]
    head += [f"Address = {address}" for address in interface.addresses]
    if interface.listen_port:
        head.append(f"ListenPort = {interface.listen_port}")
    if interface.mtu:
        head.append(f"MTU = {interface.mtu}")
    blocks = ["\n".join(head), *(_render_peer(peer, peer.endpoint) for peer in interface.peers)]
    return "\n\n".join([*blocks, f"# end: {len(interface.peers)} peers\n"])


def render_sync(
    interface: Interface,
    private_key: str,
    *,
    listen_port: int | None,
    roaming: t.Collection[str] = (),
) -> str:
    """Return the input of `wg syncconf`: always with the private key, which it would else clear.

    The port is the running one where none is requested: without it the interface would get another.
    The peers of the public keys in `roaming` keep the endpoint that they moved to.
    """
    head = ["[Interface]", f"PrivateKey = {private_key}"]
    if interface.listen_port or listen_port:
        head.append(f"ListenPort = {interface.listen_port or listen_port}")
    blocks = [
        _render_peer(peer, None if peer.public_key in roaming else peer.endpoint, is_sync=True)
        for peer in interface.peers
    ]
    blocks += [_render_standby(peer.standby_key) for peer in interface.peers if peer.standby_key]
    return "\n\n".join(["\n".join(head), *blocks]) + "\n"


def _render_peer(peer: Peer, endpoint: str | None, *, is_sync: bool = False) -> str:
    """Return a peer's section; syncconf leaves what is not listed, wg-quick starts from nothing."""
    lines = ["[Peer]", f"# name: {peer.name}", f"PublicKey = {peer.public_key}"]
    if peer.standby_key and not is_sync:
        lines.append(f"# other key: {peer.standby_key}")
    if peer.allowed_ips:
        lines.append(f"AllowedIPs = {', '.join(peer.allowed_ips)}")
    if endpoint:
        lines.append(f"Endpoint = {endpoint}")
    if peer.persistent_keepalive or is_sync:
        lines.append(f"PersistentKeepalive = {peer.persistent_keepalive or 'off'}")
    if peer.preshared_key or is_sync:
        lines.append(f"PresharedKey = {peer.preshared_key or NO_KEY}")
    return "\n".join(lines)


def _render_standby(public_key: str) -> str:
    """Return the section of a key that its owner may change to: known, but kept waiting.

    The preshared key is one that nobody has, so a handshake is begun and seen, but not ended, and
    the owner's packets wait at its end until `_wireguard_follow` lets them in.
    """
    nobodys = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return f"[Peer]\nPublicKey = {public_key}\nPresharedKey = {nobodys}\nPersistentKeepalive = off"


def parse(text: str) -> Conf:
    """Return the content of a wg-quick file, whoever wrote it.

    :raises Damaged: if it is cut short, or has what wg-quick(8) would refuse.
    """
    sections = list(_split(text))
    _check_end(text, sum(section.kind == "peer" for section in sections))
    interfaces = [section for section in sections if section.kind == "interface"]
    if len(interfaces) != 1:
        raise Damaged(f"it has {len(interfaces)} [Interface] sections")
    own = interfaces[0]
    key = own.one("privatekey") or ""
    if not is_key(key):
        raise Damaged("its PrivateKey is missing or no key")
    try:
        peers = [_parse_peer(s) for s in sections if s.kind == "peer"]
        interface = Interface(
            addresses=parse_addresses(own.many("address")),
            listen_port=own.number("listenport", 1, PORT_MAX),
            mtu=own.number("mtu", MTU_MIN, MTU_MAX),
            peers=tuple(sorted(peers, key=lambda peer: (peer.name, peer.public_key))),
        )
    except Invalid as error:
        raise Damaged(KEY.sub("(key)", str(error))) from error
    foreign = {key for section in sections for key in set(section.values) - KNOWN[section.kind]}
    return Conf(interface, key, tuple(sorted(foreign)))


def _split(text: str) -> t.Iterator[_Section]:
    """Yield the sections; setting names in lower case, as wg(8) ignores their case."""
    section = None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.partition("#")[0].strip()
        name, other = NAME.fullmatch(line.strip()), STANDBY_KEY.fullmatch(line.strip())
        if name and section:
            section.name = name[1]
        elif other and section:
            section.standby_key = other[1] if is_key(other[1]) else None
        elif stripped.lower() in ("[interface]", "[peer]"):
            if section:
                yield section
            section = _Section(stripped.lower().strip("[]"))
        elif stripped:
            key, equals, value = stripped.partition("=")
            if not equals or section is None:
                raise Damaged(f"line {number} is no setting of a section")
            section.values.setdefault(key.strip().lower(), []).append(value.strip())
    if section:
        yield section


def _check_end(text: str, peers: int) -> None:
    """Refuse a file of ours that lost its tail, or a part of its peers."""
    lines = text.rstrip("\n").splitlines()
    if not lines or lines[0] != HEADER:
        return
    end = END.fullmatch(lines[-1])
    if not end or not text.endswith("\n"):
        raise Damaged("it is cut short: its last line is missing")
    if int(end[1]) != peers:
        raise Damaged(f"it has {peers} peers where its last line counts {end[1]}")


def _parse_peer(section: _Section) -> Peer:
    """Return one peer; one without our comment is named after its key's fingerprint."""
    key = section.one("publickey") or ""
    if not is_key(key):
        raise Invalid("a peer has no valid PublicKey")
    preshared = section.one("presharedkey")
    if preshared and preshared != NO_KEY and not is_key(preshared):
        raise Invalid("a peer has a PresharedKey that is no key")
    endpoint = section.one("endpoint")
    return Peer(
        name=section.name if PEER_NAME.fullmatch(section.name) else f"key-{fingerprint(key)}",
        public_key=key,
        endpoint=parse_endpoint(endpoint) if endpoint else None,
        allowed_ips=parse_allowed_ips(section.many("allowedips")),
        persistent_keepalive=section.number("persistentkeepalive", 0, PORT_MAX),
        standby_key=section.standby_key,
        preshared_key=preshared if preshared and is_key(preshared) else None,
    )

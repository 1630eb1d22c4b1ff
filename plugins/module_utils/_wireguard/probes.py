# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pings to many nodes of a mesh at once: who answers, and how large a packet may be."""

from __future__ import annotations

import ipaddress
import subprocess
import typing as t
from dataclasses import dataclass

from .model import MTU_MIN, Invalid, parse_endpoint

AT_ONCE = 100
SMALL = 56
"""Bytes of a ping that passes everywhere; ping(8)'s own choice."""
ICMP_BYTES = {4: 28, 6: 48}
"""What a ping adds to its bytes: the header of IP, and 8 bytes of ICMP (RFC 792, RFC 4443)."""
TUNNEL_BYTES = {4: 60, 6: 80}
"""What WireGuard adds to a packet: IP, 8 bytes of UDP, and 32 of its own (wireguard.com)."""
SIZE_TIMEOUT_S = 3
"""A large packet has this long where a small one was answered already."""


@dataclass(frozen=True)
class Target:
    """A node of the mesh, as it is asked."""

    name: str
    address: str
    endpoint: str | None = None
    """Its address outside of the mesh, without the port."""
    keys: tuple[str, ...] = ()
    """The public keys that it may have, if it is a peer."""


@dataclass(frozen=True)
class Answer:
    """How a target answers: `whole`, `narrow` or `silent`."""

    word: str
    largest: int | None = None


@dataclass(frozen=True)
class NetworkPath:
    """A way to a target for packets of the mesh; outside of it they are larger by `extra`."""

    index: int
    address: str
    extra: int = 0

    def ping(self, timeout_s: int, packet_size: int | None = None) -> list[str]:
        """Return a command that asks until it is answered once; of a given size, in one piece."""
        words = ["ping", "-n", "-q", "-c", "1", "-i", "0.5", "-w", str(timeout_s)]
        size = SMALL
        if packet_size is not None:
            words += ["-M", "do"]
            version = ipaddress.ip_address(self.address).version
            size = packet_size + self.extra - ICMP_BYTES[version]
        return [*words, "-s", str(size), self.address]


def parse_target(given: t.Mapping[str, t.Any]) -> Target:
    """Return a target from a module's option.

    :raises Invalid: if its address or its endpoint is none.
    """
    name = str(given.get("name") or "")
    try:
        address = str(ipaddress.ip_address(str(given.get("address"))))
    except ValueError as error:
        raise Invalid(f"target {name or '(no name)'}: address: {error}") from None
    endpoint = given.get("endpoint")
    if endpoint:
        endpoint = parse_endpoint(str(endpoint)).rpartition(":")[0].strip("[]")
    keys = tuple(str(given[key]) for key in ("public_key", "next_public_key") if given.get(key))
    return Target(name or address, address, endpoint or None, keys)


def ask(targets: t.Sequence[Target], packet_size: int | None, timeout_s: int) -> list[Answer]:
    """Return how each target answers; without a size, those who answer are `whole`."""
    paths = [NetworkPath(index, target.address) for index, target in enumerate(targets)]
    open_paths = _answered(paths, timeout_s)
    words = dict.fromkeys(range(len(targets)), Answer("silent"))
    words.update({path.index: Answer("whole") for path in open_paths})
    if packet_size is not None:
        outside = [
            NetworkPath(path.index, endpoint, TUNNEL_BYTES[ipaddress.ip_address(endpoint).version])
            for path in open_paths
            for endpoint in [targets[path.index].endpoint]
            if endpoint
        ]
        open_paths += _answered(outside, SIZE_TIMEOUT_S)
        for index, largest in _find_narrow(open_paths, packet_size).items():
            words[index] = Answer("narrow", largest)
    return [words[index] for index in range(len(targets))]


def _find_narrow(paths: t.Sequence[NetworkPath], packet_size: int) -> dict[int, int | None]:
    """Return the largest packet for each target that a packet of the size does not reach."""
    passed = set(_answered(paths, SIZE_TIMEOUT_S, lambda _path: packet_size))
    low = {path: MTU_MIN - 1 for path in paths if path not in passed}
    high = dict.fromkeys(low, packet_size)
    while True:
        sought = [path for path in low if high[path] - low[path] > 1]
        if not sought:
            break
        middle = {path: (low[path] + high[path]) // 2 for path in sought}
        passed = set(_answered(sought, SIZE_TIMEOUT_S, middle.__getitem__))
        for path in sought:
            (low if path in passed else high)[path] = middle[path]
    found: dict[int, int] = {}
    for path, largest in low.items():
        found[path.index] = min(largest, found.get(path.index, largest))
    return {index: size if size >= MTU_MIN else None for index, size in found.items()}


def _answered(
    paths: t.Sequence[NetworkPath],
    timeout_s: int,
    size_of: t.Callable[[NetworkPath], int | None] = lambda _path: None,
) -> list[NetworkPath]:
    """Return the paths on which a ping came back, of those asked together."""
    answered = []
    for first in range(0, len(paths), AT_ONCE):
        asked = [
            (path, _start(path.ping(timeout_s, size_of(path))))
            for path in paths[first : first + AT_ONCE]
        ]
        answered += [path for path, ping in asked if ping.wait() == 0]
    return answered


def _start(command: t.Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - no shell, and the words are numbers and addresses
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program for hosts: while peers change their keys, let each in under the one that it uses.

`python3 _wireguard_follow.py INTERFACE FILE SECONDS`, where FILE holds pairs of public keys as
JSON. Of each pair one key is in use: it has the allowed IPs. The other one is on standby, by a
preshared key that nobody has. When its owner changes to it, its handshake arrives, though it
cannot be ended; what the owner sends meanwhile waits at its end (WireGuard keeps 128 packets a
peer). The two keys are exchanged then, and this end begins a handshake at once, so that nothing
is lost. An owner that goes back to its former key is followed the same way.

It imports nothing of ours: the module that starts it is gone by then.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

FOLDER = "/etc/wireguard"
"""Its lock keeps the modules of this collection out, which change the same interface."""
POLL_S = 0.04
PAUSE_S = 1.0
TIMEOUT_S = 10
NONE = "(none)"
NO_KEY = "A" * 43 + "="
STDIN = "/dev/stdin"
BEGIN_S = "25"
"""Any keepalive: its beginning makes WireGuard send a packet, and thus begin a handshake."""


@dataclass(frozen=True)
class Peer:
    """A line of `wg show INTERFACE dump` (wg(8)), as far as it counts here."""

    preshared_key: str
    endpoint: str
    allowed_ips: str
    received_bytes: int
    keepalive: str


def main(arguments: t.Sequence[str]) -> None:
    """Follow the peers of an interface until the time is over."""
    name, file, seconds = arguments
    pairs = json.loads(Path(file).read_text(encoding="ascii"))
    deadline = time.monotonic() + float(seconds)
    for pair in pairs:
        with contextlib.suppress(subprocess.SubprocessError), _locked():
            _forget_attempts(name, pair)
    while time.monotonic() < deadline:
        try:
            follow(name, pairs)
        except subprocess.SubprocessError:
            # The interface is away for a moment, as while its unit restarts.
            time.sleep(PAUSE_S)
        time.sleep(POLL_S)


def follow(name: str, pairs: t.Iterable[t.Sequence[str]]) -> None:
    """Exchange the keys of each pair whose owner has changed to the standby key."""
    peers = _read(name)
    if not any(_find_change(pair, peers) for pair in pairs):
        return
    with _locked():
        # Another program may have changed the interface before the lock was ours.
        peers = _read(name)
        for pair in pairs:
            change = _find_change(pair, peers)
            if change:
                _exchange(name, *change, peers)


def _find_change(pair: t.Sequence[str], peers: t.Mapping[str, Peer]) -> tuple[str, str] | None:
    """Return the key in use and the one that its owner uses by now, if those are two."""
    for used, held in (tuple(pair), tuple(reversed(pair))):
        if used in peers and held in peers and peers[used].allowed_ips != NONE:
            # Only a handshake that its owner's key has signed counts as received.
            is_used = peers[held].allowed_ips == NONE and peers[held].received_bytes > 0
            return (used, held) if is_used else None
    return None


def _exchange(name: str, used: str, held: str, peers: t.Mapping[str, Peer]) -> None:
    """Let the owner of both keys in under its standby key, and put the other one on standby."""
    before = peers[used]
    # Removed and added again: WireGuard begins no handshake within 5 s of answering one, and has
    # answered the owner's. The allowed IPs move in the same transaction.
    words = ["peer", held, "remove", "peer", held, "preshared-key", STDIN]
    words += ["allowed-ips", before.allowed_ips, "persistent-keepalive", BEGIN_S]
    for endpoint in (peers[held].endpoint, before.endpoint):
        if endpoint != NONE:
            words += ["endpoint", endpoint]
            break
    is_open = before.preshared_key == NONE
    _wg("set", name, *words, data=NO_KEY if is_open else before.preshared_key)
    if before.keepalive != BEGIN_S:
        _wg("set", name, "peer", held, "persistent-keepalive", before.keepalive)
    _put_on_standby(name, used)


def _forget_attempts(name: str, pair: t.Sequence[str]) -> None:
    """Begin to count anew: what was received before may be an attempt that was taken back."""
    peers = _read(name)
    for key in pair:
        if key in peers and peers[key].allowed_ips == NONE:
            _put_on_standby(name, key)


def _put_on_standby(name: str, key: str) -> None:
    """Know a key without letting its owner in, and with no session of before."""
    words = ["peer", key, "remove", "peer", key, "preshared-key", STDIN]
    _wg("set", name, *words, data=_wg("genpsk"))


def _read(name: str) -> dict[str, Peer]:
    """Return the peers of an interface by their public keys."""
    rows = [line.split("\t") for line in _wg("show", name, "dump").splitlines()[1:]]
    return {row[0]: Peer(row[1], row[2], row[3], int(row[5]), row[7]) for row in rows}


def _wg(*words: str, data: str = "") -> str:
    """Return what wg(8) prints; keys reach it by standard input."""
    done = subprocess.run(  # noqa: S603 - no shell, and the words are keys and addresses
        ["wg", *words],  # noqa: S607 - the unit's PATH is systemd's own
        input=data,
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT_S,
    )
    return done.stdout


@contextlib.contextmanager
def _locked() -> t.Iterator[None]:
    """Hold the lock of the interfaces' folder, as the modules do."""
    descriptor = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main(sys.argv[1:])

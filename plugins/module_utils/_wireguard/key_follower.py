# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program for hosts: while peers change their keys, let each in under the one that it uses.

`python3 _wireguard_follow.py INTERFACE FILE SECONDS`, where FILE holds pairs of public keys as
JSON. Of each pair one key is in use: it has the allowed IPs. The other one is on standby, by a
preshared key that nobody has. When its owner changes to it, its handshake arrives, though it
cannot be ended; what the owner sends meanwhile waits at its end (WireGuard keeps 128 packets a
peer). The two keys are exchanged then, and this end begins a handshake at once, so that nothing
is lost. One that is lost itself is begun again, earlier than WireGuard would, which waits 5 s.
An owner that goes back to its former key is followed the same way.

It imports nothing of ours: the module that starts it is gone by then.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import subprocess
import sys
import time
import typing as t
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
PATIENCE_S = (0.5, 1.0, 2.0)
"""How long an answer to each handshake is waited for; WireGuard itself goes on after the last."""


@dataclasses.dataclass(frozen=True)
class Peer:
    """A line of `wg show INTERFACE dump` (wg(8)), as far as it counts here."""

    preshared_key: str
    endpoint: str
    allowed_ips: str
    latest_handshake: int
    received_bytes: int
    keepalive: str


def main(arguments: t.Sequence[str]) -> None:
    """Follow the peers of an interface until the time is over."""
    name, file, seconds = arguments
    pairs = json.loads(Path(file).read_text(encoding="ascii"))
    deadline = time.monotonic() + float(seconds)
    begun = Handshakes()
    for pair in pairs:
        with contextlib.suppress(subprocess.SubprocessError), _locked():
            _forget_attempts(name, pair)
    while time.monotonic() < deadline:
        try:
            follow(name, pairs, begun)
        except subprocess.SubprocessError:
            # The interface is away for a moment, as while its unit restarts.
            time.sleep(PAUSE_S)
        time.sleep(POLL_S)


class Handshakes:
    """The handshakes that were begun after an exchange, until they are answered."""

    def __init__(self) -> None:
        self._begun: dict[str, tuple[int, float]] = {}

    def add(self, key: str) -> None:
        """Count a handshake that was begun just now."""
        attempt = self._begun[key][0] + 1 if key in self._begun else 0
        if attempt < len(PATIENCE_S):
            self._begun[key] = (attempt, time.monotonic() + PATIENCE_S[attempt])
        else:
            del self._begun[key]

    def find_lost(self, peers: t.Mapping[str, Peer]) -> list[str]:
        """Return the keys of the peers that had time to answer, and did not."""
        for key in list(self._begun):
            if key not in peers or peers[key].allowed_ips == NONE or peers[key].latest_handshake:
                del self._begun[key]
        now = time.monotonic()
        return [key for key, (_attempt, until) in self._begun.items() if now > until]


def follow(name: str, pairs: t.Iterable[t.Sequence[str]], begun: Handshakes) -> None:
    """Exchange the keys of each pair whose owner has changed to the standby key.

    A handshake of an earlier exchange that nobody has answered is begun again.
    """
    peers = _read(name)
    if not any(_find_change(pair, peers) for pair in pairs) and not begun.find_lost(peers):
        return
    with _locked():
        # Another program may have changed the interface before the lock was ours.
        peers = _read(name)
        lost = begun.find_lost(peers)
        for pair in pairs:
            change = _find_change(pair, peers)
            if change:
                used, held = change
                _exchange(name, used, held, peers)
                begun.add(held)
            lost = [key for key in lost if not change or key not in change]
        for key in lost:
            # To the journal of its unit.
            allowed_ips = peers[key].allowed_ips
            sys.stdout.write(f"a handshake with {allowed_ips} was lost and is begun again\n")
            sys.stdout.flush()
            _let_in(name, key, peers[key])
            begun.add(key)


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
    came_from = peers[held].endpoint
    endpoint = before.endpoint if came_from == NONE else came_from
    _let_in(name, held, dataclasses.replace(before, endpoint=endpoint))
    _put_on_standby(name, used)


def _let_in(name: str, key: str, peer: Peer) -> None:
    """Let the owner of a key in, and begin a handshake.

    The peer is removed and added again: WireGuard begins no handshake within 5 s of the last one,
    and of answering one. Allowed IPs that another key had move in the same transaction.
    """
    words = ["peer", key, "remove", "peer", key, "preshared-key", STDIN]
    words += ["allowed-ips", peer.allowed_ips, "persistent-keepalive", BEGIN_S]
    if peer.endpoint != NONE:
        words += ["endpoint", peer.endpoint]
    _wg("set", name, *words, data=NO_KEY if peer.preshared_key == NONE else peer.preshared_key)
    if peer.keepalive != BEGIN_S:
        _wg("set", name, "peer", key, "persistent-keepalive", peer.keepalive)


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
    return {row[0]: Peer(row[1], row[2], row[3], int(row[4]), int(row[5]), row[7]) for row in rows}


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

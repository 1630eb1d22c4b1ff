# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transient units of a rotation: one follows peers, one takes back a key that nobody kept."""

from __future__ import annotations

import inspect
import json
import shlex
import sys
import typing as t
from pathlib import Path

from .._host import secret_files as files
from .._module import Failure
from . import key_follower as program

if t.TYPE_CHECKING:
    from .host import Host

RUN = Path("/run/quartermaster-wireguard")
"""Where the program and its pairs are; gone after a boot, as the units are."""
MAX_BYTES = 8 * 1024 * 1024
LOCK_TIMEOUT_S = 30
FOLLOW_DEFAULT_S = 3600


class Follower:
    """The unit on a host that follows those peers of an interface that may change their keys."""

    def __init__(self, host: Host, interface: str) -> None:
        self._host = host
        self._interface = interface
        self._unit = f"quartermaster-wireguard-follow-{interface}.service"
        self._pairs_file = RUN / f"{interface}.pairs"

    def is_following(self, pairs: t.Sequence[tuple[str, ...]]) -> bool:
        """Return whether it runs for these pairs of keys; for none, whether it does not run."""
        text, _faults = files.read(self._pairs_file, MAX_BYTES)
        if text is None:
            return not pairs
        return text == _render(pairs) and self._host.is_active(self._unit)

    def follow(self, pairs: t.Sequence[tuple[str, ...]], seconds: int) -> None:
        """Follow these pairs from now on, for some time.

        :raises Failure: without systemd, which keeps it running when the module has ended.
        """
        if not self._host.has_systemd():
            raise Failure(
                "a rotation of keys needs systemd on each host of the mesh", code="tool_missing"
            )
        files.make_folder(RUN)
        path = RUN / "follow.py"
        files.replace(path, inspect.getsource(program))
        files.replace(self._pairs_file, _render(pairs))
        self._host.stop_unit(self._unit)
        words = ("--", sys.executable, "-I", str(path), self._interface, str(self._pairs_file))
        self._host.start_unit(self._unit, *words, str(seconds))

    def end(self) -> None:
        """Follow nobody any more."""
        files.remove(self._pairs_file)
        self._host.stop_unit(self._unit)


class RollbackTimer:
    """The timer on a host that puts the key of its file back into the running interface."""

    def __init__(self, host: Host, interface: str) -> None:
        self._host = host
        self._interface = interface
        self._unit = f"quartermaster-wireguard-reversal-{interface}"

    def arm(self, key_file: Path, addresses: t.Iterable[str], seconds: int) -> None:
        """Take the running key back after some time, unless the file has it by then.

        :raises Failure: if the timer does not run.
        """
        self.disarm()
        words = ("--timer-property=AccuracySec=100ms", f"--on-active={seconds}s")
        script = rollback_script(self._interface, key_file, addresses)
        self._host.start_unit(f"{self._unit}.service", *words, "--", "/bin/sh", "-c", script)
        if not self._host.is_active(f"{self._unit}.timer"):
            raise Failure(f"{self._unit}.timer does not run; nothing was changed", code="not_armed")

    def disarm(self) -> None:
        """Stop the timer, if there is one."""
        self._host.stop_unit(f"{self._unit}.timer")


def rollback_script(interface: str, key_file: Path, addresses: t.Iterable[str]) -> str:
    """Return the shell script that makes the running key the file's, and wakes the peers.

    After a commit it changes nothing: the file has the running key then.
    """
    key = shlex.quote(str(key_file))
    return (
        f"exec 9</etc/wireguard; flock -w {LOCK_TIMEOUT_S} 9; "
        f"wg set {interface} private-key {key} || exit 1; exec 9<&-; {ping_script(addresses)}"
    )


def ping_script(addresses: t.Iterable[str]) -> str:
    """Return the shell script that sends each peer a packet, which makes the tunnel begin anew.

    A peer learns that this end has another key by the handshake that comes before the packet.
    """
    pings = "".join(f"ping -n -q -c 1 -W 1 {address} >/dev/null 2>&1 & " for address in addresses)
    return f"{pings}wait"


def _render(pairs: t.Sequence[tuple[str, ...]]) -> str:
    return json.dumps(sorted(sorted(pair) for pair in pairs)) + "\n"

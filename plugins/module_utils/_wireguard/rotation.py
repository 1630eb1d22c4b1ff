# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps by which a running WireGuard interface comes to another private key, and back."""

from __future__ import annotations

import ipaddress
import time
import typing as t
from pathlib import Path

from .._host import secret_files as files
from .._module import Failure
from .conf import MAX_BYTES
from .files import FOLDER, locked, read_private_key
from .host import Host
from .model import Invalid, check_interface_name, check_range
from .runtime import FRESH_HANDSHAKE_S, Running, RunningPeer
from .units import RollbackTimer, ping_script

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

NEXT = ".next"
"""Ending of the file with the key that is not in use yet."""
TIMEOUT_MIN_S, TIMEOUT_MAX_S = 5, 3600
ATTEMPTS = 3
"""How often peers are sent a packet, each of which begins a handshake; later, WireGuard does."""


class Rotation:
    """The keys that a module's options name, on the host where the module runs.

    `change` marks the module as changed and calls what it is given, unless in check mode.
    """

    def __init__(self, module: AnsibleModule, change: t.Callable[..., t.Any]) -> None:
        params = module.params
        self._module = module
        self._name = check_interface_name(params["name"])
        self._file = Path(params["private_key_file"] or FOLDER / f"{self._name}.key")
        self._next_file = self._file.with_name(f"{self._file.name}{NEXT}")
        self._conf_file = FOLDER / f"{self._name}.conf"
        self._timeout_s = params["timeout"]
        check_range("timeout", self._timeout_s, TIMEOUT_MIN_S, TIMEOUT_MAX_S)
        self._addresses = [_parse_address(text) for text in params["addresses"]]
        self._host = Host(module)
        self._reversal = RollbackTimer(self._host, self._name)
        self._change = change
        self._check_mode: bool = module.check_mode

    def read_keys(self) -> dict[str, str | None]:
        """Return the public halves of the keys that there are: present, next and running."""
        return {
            "present": self._public_half(self._read_present()),
            "next": self._public_half(self._read_next()),
            "running": self._public_half(self._read_running()),
        }

    def go_to(self, state: str) -> None:
        """Take one step.

        :raises Failure: if the step before it is missing, or it cannot be done.
        """
        steps: dict[str, t.Callable[[], None]] = {
            "prepared": self._prepare,
            "switched": self._switch,
            "committed": self._commit,
            "reverted": self._revert,
        }
        began = int(time.time())
        running = self._read_interface()
        with locked():
            steps[state]()
        if state in ("switched", "reverted") and not self._check_mode and running:
            self._wake([peer for peer in running.peers if _is_up(peer, began)], began)

    def _wake(self, peers: t.Sequence[RunningPeer], began: int) -> None:
        """Send each peer a packet under the key that runs, and again where a handshake was lost.

        Without the lock, which the key follower of this host may need meanwhile.
        """
        keys = {peer.public_key for peer in peers}
        for attempt in range(ATTEMPTS):
            self._host.run("sh", "-c", ping_script(self._addresses))
            running = self._read_interface()
            lost = [
                peer
                for peer in (running.peers if running else ())
                if peer.public_key in keys and peer.allowed_ips and peer.latest_handshake < began
            ]
            if not lost:
                return
            if attempt < ATTEMPTS - 1:
                self._begin_again(lost)

    def _begin_again(self, peers: t.Sequence[RunningPeer]) -> None:
        with locked():
            for peer in peers:
                allowed_ips = ", ".join(sorted(peer.allowed_ips))
                self._module.warn(f"a handshake with {allowed_ips} was lost and is begun again")
                self._host.begin_handshake(self._name, peer)

    def _prepare(self) -> None:
        if self._read_next() is None:
            self._change(self._make_next)

    def _make_next(self) -> None:
        files.create(self._next_file, self._host.make_private_key() + "\n")

    def _switch(self) -> None:
        following, running = self._read_next(), self._read_running()
        # A preview of `prepared` has made no next key.
        if following is None and not self._check_mode:
            raise Failure(
                f"there is no {self._next_file} to change to; state: prepared makes it",
                code="not_prepared",
            )
        if running is None:
            raise Failure(
                f"{self._name} does not run; run the role `wireguard` on this host first",
                code="not_running",
            )
        if following is None or running != following:
            # The timer starts first: a run killed in between cannot leave the next key in use.
            self._change(self._reversal.arm, self._file, self._addresses, self._timeout_s)
            self._change(self._host.set_private_key, self._name, self._next_file)

    def _commit(self) -> None:
        present, following, running = self._read_present(), self._read_next(), self._read_running()
        if following is None and running == present:
            self._keep_conf()
            return
        if following is None or running != following:
            raise Failure(
                f"{self._name} does not use the key of {self._next_file}; the host may have taken "
                "the change back by its timer, and the former key stays",
                code="not_switched",
            )
        self._change(files.move, self._next_file, self._file)
        self._change(self._reversal.disarm)
        self._keep_conf()

    def _keep_conf(self) -> None:
        """Have the file of wg-quick start the interface with the present key."""
        text, _faults = files.read(self._conf_file, MAX_BYTES)
        key = self._read_present()
        if text is None or key is None:
            return
        lines = [
            f"PrivateKey = {key}" if line.startswith("PrivateKey = ") else line
            for line in text.splitlines()
        ]
        wanted = "\n".join(lines) + "\n"
        if wanted != text:
            self._change(files.replace, self._conf_file, wanted)

    def _revert(self) -> None:
        running = self._read_running()
        if running is not None and running != self._read_present():
            self._change(self._host.set_private_key, self._name, self._file)
        if self._read_next() is not None:
            self._change(files.remove, self._next_file)
        if not self._check_mode:
            self._reversal.disarm()

    def _read_present(self) -> str | None:
        return self._hidden(read_private_key(self._file))

    def _read_next(self) -> str | None:
        return self._hidden(read_private_key(self._next_file))

    def _read_running(self) -> str | None:
        running = self._read_interface()
        return running.private_key if running else None

    def _read_interface(self) -> Running | None:
        running, _neighbours = self._host.read(self._name)
        return running

    def _hidden(self, private_key: str | None) -> str | None:
        self._host.hide(private_key)
        return private_key

    def _public_half(self, private_key: str | None) -> str | None:
        return self._host.find_public_key(private_key) if private_key else None


def _is_up(peer: RunningPeer, now: int) -> bool:
    """Return whether a peer had a session just now; one that is down is not waited for."""
    return bool(peer.allowed_ips) and now - peer.latest_handshake < FRESH_HANDSHAKE_S


def _parse_address(text: str) -> str:
    """Return an address of one host, which is safe in a script.

    :raises Invalid: if it is anything else.
    """
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise Invalid(f"addresses: {error}") from None

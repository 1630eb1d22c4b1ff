# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A WireGuard interface on its host: its file, how it runs, and how both become what is wanted."""

from __future__ import annotations

import os
import time
import typing as t
from pathlib import Path

from .._host import secret_files as files
from .._host.ssh_connection import find_connection, parse_connection
from .._module import Failure
from .conf import Conf, render, render_sync
from .diff import describe, describe_running, predict
from .files import FOLDER, Known, locked, read_private_key, read_to_extend, read_whole
from .forwarding import find_changes
from .host import Host, has_ipv6
from .model import Interface, Invalid, check_interface_name
from .occupancy import check_controller, check_owner, is_ours
from .readiness import find_lacking
from .runtime import Drift, Running, find_drift
from .units import FOLLOW_DEFAULT_S, Follower
from .validation import check_whole, parse_options, replace_all, upsert, with_keys_in_use

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

MAX_ROUNDS = 4
"""Repairs uncover others: a primary address takes its routes with it, a link its addresses."""


class InterfaceOnHost:
    """The interface that a module's options name, on the host where the module runs.

    `change` marks the module as changed and calls what it is given, unless in check mode.
    """

    def __init__(self, module: AnsibleModule, change: t.Callable[..., t.Any]) -> None:
        self._params: dict[str, t.Any] = module.params
        self._check_mode: bool = module.check_mode
        self._name: str = self._params["name"]
        self._file = FOLDER / f"{self._name}.conf"
        self._key_file = Path(self._params["private_key_file"] or FOLDER / f"{self._name}.key")
        self._host = Host(module)
        self._follower = Follower(self._host, self._name)
        self._change = change
        self.changes: list[str] = []
        """What was changed, or would be, one sentence each."""
        self.lacking: dict[str, t.Any] = {}
        """What the host has to have before; then nothing is changed. See `find_lacking`."""
        self._before: list[str] = []
        self._after: list[str] = []
        self._wanted = Interface()
        self._public_key: str | None = None

    def keep(self) -> None:
        """Apply the options to the file, the running interface and the unit.

        With the recorded key, only on a host that lacks nothing.

        :raises Invalid: before anything is touched, if that must not be.
        :raises Failure: if it cannot be done.
        """
        requested, recorded_key = parse_options(self._params), self._params["recorded_key"]
        with locked():
            is_known = is_ours(self._file)
            if recorded_key is not None:
                self.lacking = find_lacking(
                    self._host, self._key_file, recorded_key, self._params["userspace"]
                )
            if not self.lacking:
                self._keep(requested, is_known=is_known)

    def _keep(self, requested: Interface, *, is_known: bool) -> None:
        known = (read_whole if self._params["purge_peers"] else read_to_extend)(self._file)
        private_key = self._find_private_key(known.conf)
        running, other_interfaces = self._read_running()
        if not is_known:
            check_owner(self._name, running, private_key)
        wanted = self._decide(requested, known.conf, running)
        self._wanted = with_keys_in_use(wanted, running.used_keys if running else ())
        if private_key:
            self._public_key = self._find_public_key(private_key)
        check_whole(
            self._wanted,
            own_public_key=self._public_key,
            other_interfaces=other_interfaces,
            has_ipv6=has_ipv6(),
        )
        connection = parse_connection(find_connection(os.environ, os.getppid()))
        check_controller(connection, self._wanted.addresses, self._wanted.routes(), running)
        forwarding = (
            find_changes(self._name, self._wanted.addresses) if self._params["forward"] else []
        )
        if not self._check_mode:
            self._remove_leftovers()
        # First of all: peers that reach each other through this host do so from the start.
        for note, act in forwarding:
            self._after.append(note)
            self._do(note, act)
        self._keep_file(known, private_key)
        self._keep_running(known.conf, private_key, running)
        self._keep_unit()
        self._keep_follower()

    def remove(self) -> None:
        """Take the interface down, disable its unit, and remove its file.

        :raises Failure: if an interface of another kind or of somebody else has the name.
        """
        check_interface_name(self._name)
        with locked():
            is_known = is_ours(self._file)
            running, _neighbours = self._read_running()
            if not is_known and running:
                check_owner(self._name, running, self._find_private_key(None, needed=False))
            unit = self._host.unit_state(self._name)
            if unit.get("UnitFileState") == "enabled" or unit.get("ActiveState") == "active":
                self._do("unit: stopped and disabled", self._host.disable, self._name)
            if running is not None:
                self._before.append(f"running:\n{describe_running(running, {})}")
                self._do("interface: removed", self._host.delete, self._name)
            if not self._follower.is_following([]):
                self._do("rotation: ended", self._follower.end)
            if self._file.exists():
                self._before.append(f"{self._file}\n")
                self._do("file: removed", files.remove, self._file)
            if not self._check_mode:
                self._remove_leftovers()

    def describe(self) -> dict[str, t.Any]:
        """Return the interface for the module's result."""
        return {
            "name": self._name,
            "public_key": self._public_key,
            "address": list(self._wanted.addresses),
            "listen_port": self._wanted.listen_port,
            "mtu": self._wanted.mtu,
            "peers": [peer.name for peer in self._wanted.peers],
        }

    def views(self) -> tuple[str, str]:
        """Return what was there and what is there now, for --diff."""
        return "\n".join(self._before), "\n".join(self._after)

    def _do(self, note: str, act: t.Callable[..., t.Any], *values: t.Any) -> None:
        self.changes.append(note)
        self._change(act, *values)

    def _find_private_key(self, known: Conf | None, *, needed: bool = True) -> str | None:
        """Return the private key; None in check mode where it would have been made before."""
        if known:
            self._host.hide(known.private_key)
            for peer in known.interface.peers:
                self._host.hide(peer.preshared_key)
            if not (self._params["private_key_file"] or self._params["purge_peers"]):
                return known.private_key
        private_key = read_private_key(self._key_file)
        if private_key is None and needed and not self._check_mode:
            raise Failure(
                f"{self._key_file} is missing; quartermaster.fleet.wireguard_key makes it",
                code="key_missing",
            )
        self._host.hide(private_key)
        return private_key

    def _find_public_key(self, private_key: str) -> str | None:
        """Return the public half; None in check mode where wg is not installed yet."""
        if self._check_mode and not self._host.has("wg"):
            return None
        return self._host.find_public_key(private_key)

    def _read_running(self) -> tuple[Running | None, dict[str, t.Any]]:
        """Return the running interface, if any; in check mode the tools may still be missing."""
        if self._check_mode and not self._host.has("ip"):
            return None, {}
        return self._host.read(self._name)

    def _decide(
        self, requested: Interface, known: Conf | None, running: Running | None
    ) -> Interface:
        """Return the interface that is wanted, from what is requested and what is known.

        :raises Invalid: if that would cut all tunnels without being asked to.
        """
        if known and not self._params["purge_peers"]:
            return upsert(requested, known.interface)
        wanted = replace_all(
            requested, known.interface if known else None, self._params["keep_peers"]
        )
        lost = max(len(known.interface.peers) if known else 0, len(running.peers) if running else 0)
        if lost and not wanted.peers and not self._params["allow_empty"]:
            raise Invalid(
                f"peers is empty, which would cut all {lost} tunnels of {self._name}; "
                "set allow_empty: true if you want that"
            )
        return wanted

    def _remove_leftovers(self) -> None:
        """Remove what a killed run left half made; both hold the private key."""
        for path in (self._file, self._host.sync_file(self._name)):
            files.remove(files.temp_name(path))

    def _keep_file(self, known: Known, private_key: str | None) -> None:
        self.changes += known.notes
        if private_key and known.text == render(self._wanted, private_key):
            return
        before = ""
        if known.conf:
            known_key = self._find_public_key(known.conf.private_key)
            before = describe(known.conf.interface, known_key)
        self._before.append(f"{self._file}:\n{before}")
        self._after.append(f"{self._file}:\n{describe(self._wanted, self._public_key)}")
        self._do("file: written", self._write_file, private_key)

    def _write_file(self, private_key: str) -> None:
        files.make_folder(FOLDER)
        files.replace(self._file, render(self._wanted, private_key))

    def _keep_running(
        self, known: Conf | None, private_key: str | None, running: Running | None
    ) -> None:
        """Bring the running interface to what is wanted, until nothing differs."""
        endpoints = {p.name: p.endpoint for p in known.interface.peers} if known else {}
        stable_endpoints = {
            p.public_key for p in self._wanted.peers if endpoints.get(p.name) == p.endpoint
        }
        for attempt in range(MAX_ROUNDS):
            if running is None or self._host.is_half_made(self._name, running):
                self._before.append("running: no")
                self._after.append("running: from the file")
                self._do("interface: brought up", self._host.bring_up, self._name)
                drift = None
            else:
                # In check mode the key may be one that is still to be made.
                key = private_key or running.private_key or ""
                drift = find_drift(
                    self._name,
                    self._wanted,
                    key,
                    running,
                    stable_endpoints=stable_endpoints,
                    now=time.time(),
                )
                if not drift.notes:
                    return
                self._repair(drift, key, running, show=attempt == 0)
            if self._check_mode:
                return
            running, _neighbours = self._host.read(self._name)
        left = "; ".join(drift.notes) if drift else "the interface does not stay up"
        raise Failure(
            f"{self._name} still differs after {MAX_ROUNDS} repairs: {left}. Look for another "
            "program that changes it",
            code="still_drifting",
        )

    def _repair(self, drift: Drift, private_key: str, running: Running, *, show: bool) -> None:
        if show:
            names = {peer.public_key: peer.name for peer in self._wanted.peers}
            then = predict(
                self._wanted, running, own_public_key=self._public_key, roaming=drift.roaming
            )
            self._before.append(f"running:\n{describe_running(running, names)}")
            self._after.append(f"running:\n{describe_running(then, names)}")
        self.changes += drift.notes
        if drift.needs_sync:
            text = render_sync(
                self._wanted, private_key, listen_port=running.listen_port, roaming=drift.roaming
            )
            self._change(self._host.sync, self._name, text)
        for command in drift.commands:
            self._change(self._host.run, *command)

    def _keep_unit(self) -> None:
        """Have the interface back after a boot."""
        state = self._host.unit_state(self._name)
        if state.get("UnitFileState", "enabled") != "enabled":
            self._do("unit: enabled", self._host.enable, self._name)

    def _keep_follower(self) -> None:
        """Have a program follow the peers that may change their keys, as long as there are any."""
        pairs = [peer.keys for peer in self._wanted.peers if peer.standby_key]
        if self._follower.is_following(pairs):
            # This renews the follower's hour, which counts as no change.
            if pairs and not self._check_mode:
                self._follower.follow(pairs, FOLLOW_DEFAULT_S)
        elif pairs:
            note = f"rotation: {len(pairs)} peers are followed to their other keys"
            self._do(note, self._follower.follow, pairs, FOLLOW_DEFAULT_S)
        else:
            self._do("rotation: ended", self._follower.end)

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules for WireGuard read and do on their host: wg(8), ip(8) and systemd."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from .._host import secret_files as files
from .._host.commands import HostCommands
from .._module import Failure
from .files import FOLDER
from .model import is_key
from .runtime import Running, RunningPeer, parse_dump, parse_links, parse_routes

if t.TYPE_CHECKING:
    from .model import Network

PACKAGES = {"wg": "wireguard-tools", "wg-quick": "wireguard-tools", "ip": "iproute2"}
TIMEOUT_S = 60
"""More than a thousand peers or a slow start need; a hung wireguard-go would never answer."""
SYSTEMD = Path("/run/systemd/system")
WIREGUARD = Path("/sys/module/wireguard")
IPV6_OFF = Path("/proc/sys/net/ipv6/conf/default/disable_ipv6")
JOURNAL_LINES = 8


class Host(HostCommands):
    """The host that the module runs on, as far as WireGuard is concerned."""

    packages = PACKAGES
    timeout_s = TIMEOUT_S

    def make_private_key(self) -> str:
        """Return a new private key."""
        key = self.run("wg", "genkey").strip()
        self.hide(key)
        if not is_key(key):
            raise Failure("`wg genkey` gave no key", code="command_failed")
        return key

    def find_public_key(self, private_key: str) -> str:
        """Return the public half of a private key."""
        return self.run("wg", "pubkey", data=private_key).strip()

    def read(self, name: str) -> tuple[Running | None, dict[str, list[Network]]]:
        """Return the interface as it runs, or None, and the networks of the other interfaces.

        :raises Failure: if an interface of another kind has the name.
        """
        own, other_interfaces = parse_links(self.run("ip", "-j", "address", "show"), name)
        if not own:
            return None, other_interfaces
        code, dump, error = self.call("wg", "show", name, "dump")
        if code:
            raise Failure(
                f"an interface {name} exists that does not answer as a WireGuard interface "
                f"({self.clean(error.strip())}); remove it with `ip link delete {name}`, "
                "or choose another name",
                code="other_kind",
            )
        routes = parse_routes(
            *(self.run("ip", "-j", family, "route", "show", "dev", name) for family in ("-4", "-6"))
        )
        running = Running(**parse_dump(dump), **own, routes=routes)
        self.hide(running.private_key)
        for peer in running.peers:
            self.hide(peer.preshared_key)
        return running, other_interfaces

    def read_handshakes(self, name: str, now: float) -> dict[str, int]:
        """Return how many seconds ago the last handshake with each peer was, by public key."""
        lines = self.run("wg", "show", name, "latest-handshakes").splitlines()
        found = {key: int(at) for key, at in (line.split("\t") for line in lines)}
        return {key: max(0, int(now) - at) for key, at in found.items() if at}

    @staticmethod
    def sync_file(name: str) -> Path:
        """Return the path whose file in the making `wg syncconf` reads."""
        return FOLDER / f"{name}.sync"

    def sync(self, name: str, text: str) -> None:
        """Bring keys, port and peers of a running interface to a text for `wg syncconf`.

        A file that is empty removes all peers, and one without the private key clears it: both
        with exit status 0. So the file is read back before it is used.

        :raises Failure: if the file is not what it should be, or wg refuses it.
        """
        made = files.write_new(self.sync_file(name), text)
        try:
            found, faults = files.read(made, len(text.encode()))
            if faults or found != text or "PrivateKey = " not in text:
                raise Failure(f"{made} is not what was written to it; nothing was synchronised")
            self.run("wg", "syncconf", name, str(made))
        finally:
            files.remove(made)

    def kernel_has_wireguard(self) -> bool:
        """Return whether the kernel has WireGuard, or could load it."""
        if WIREGUARD.exists():
            return True
        if not self.has("modprobe"):
            return False
        return self.call("modprobe", "--dry-run", "--quiet", "wireguard")[0] == 0

    def has_systemd(self) -> bool:
        """Return whether systemd runs this host."""
        return SYSTEMD.is_dir() and self.has("systemctl")

    def unit_state(self, name: str) -> dict[str, str]:
        """Return ActiveState and UnitFileState of the interface's unit; nothing without systemd."""
        if not self.has_systemd():
            return {}
        properties = "--property=ActiveState,UnitFileState"
        out = self.run("systemctl", "show", unit_of(name), properties)
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def is_half_made(self, name: str, running: Running) -> bool:
        """Return whether the interface is what a killed wg-quick left: without key and unit."""
        return running.private_key is None and self.unit_state(name).get("ActiveState") != "active"

    def bring_up(self, name: str) -> None:
        """Start the interface from its file, as the next boot will.

        :raises Failure: with the unit's last words if it does not start.
        """
        self.need("wg-quick")
        if name in self.list_links():
            self.delete(name)
        if not self.has_systemd():
            self.run("wg-quick", "up", name)
            return
        # Earlier failures would count against this start.
        self.call("systemctl", "reset-failed", unit_of(name))
        # Restart, since the unit stays active when somebody deletes the interface under it.
        code, _out, error = self.call("systemctl", "restart", unit_of(name))
        if code:
            _code, journal, _error = self.call(
                *("journalctl", "--no-pager", "--output=cat", f"--lines={JOURNAL_LINES}"),
                *("--unit", unit_of(name)),
            )
            raise Failure(
                f"{unit_of(name)} does not start: {self.clean(error.strip())}\n"
                f"{self.clean(journal.strip())}",
                code="not_started",
            )

    def is_active(self, unit: str) -> bool:
        """Return whether a unit runs."""
        code, _out, _error = self.call("systemctl", "is-active", "--quiet", unit)
        return code == 0

    def start_unit(self, unit: str, *words: str) -> None:
        """Start a transient unit, which outlives this module, by options and command."""
        self.run("systemd-run", "--quiet", "--collect", f"--unit={unit}", *words)

    def stop_unit(self, unit: str) -> None:
        """Stop a transient unit, if there is one."""
        self.call("systemctl", "stop", unit)
        self.call("systemctl", "reset-failed", unit)

    def set_private_key(self, name: str, path: Path) -> None:
        """Have a running interface use the private key of a file, and nothing else changed."""
        self.run("wg", "set", name, "private-key", str(path))

    def begin_handshake(self, name: str, peer: RunningPeer) -> None:
        """Forget the session with a peer, so that the next packet to it begins a handshake at once.

        WireGuard begins none within 5 s of the last one, be it lost or not, but with a new peer.
        """
        words = ["peer", peer.public_key, "remove", "peer", peer.public_key]
        if peer.preshared_key:
            words += ["preshared-key", "/dev/stdin"]
        if peer.endpoint:
            words += ["endpoint", peer.endpoint]
        words += ["persistent-keepalive", str(peer.persistent_keepalive)]
        words += ["allowed-ips", ",".join(sorted(peer.allowed_ips))]
        self.run("wg", "set", name, *words, data=peer.preshared_key)

    def enable(self, name: str) -> None:
        """Have the interface brought up at boot."""
        self.run("systemctl", "enable", "--quiet", unit_of(name))

    def disable(self, name: str) -> None:
        """Take the interface down by its unit, and have it down at boot."""
        self.run("systemctl", "disable", "--quiet", "--now", unit_of(name))

    def delete(self, name: str) -> None:
        """Delete the interface if it is there; wg-quick leaves it where its file is gone."""
        if name in self.list_links():
            self.run("ip", "link", "delete", "dev", name)

    def list_links(self) -> list[str]:
        """Return the names of the host's interfaces."""
        links = json.loads(self.run("ip", "-j", "link", "show") or "[]")
        return [link["ifname"] for link in links if "ifname" in link]


def has_ipv6() -> bool:
    """Return whether a new interface of this host can have an IPv6 address."""
    try:
        return IPV6_OFF.read_text(encoding="ascii").strip() == "0"
    except OSError:
        return False


def unit_of(name: str) -> str:
    """Return the name of the unit that brings an interface up at boot."""
    return f"wg-quick@{name}.service"

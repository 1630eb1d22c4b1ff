# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module `firewall_rules` reads and does on its host: nft(8), systemd(1) and its files."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import secrets
import typing as t
from pathlib import Path

from .._host import secret_files as files
from .._host.commands import HostCommands
from .._module import Failure
from .nftables import REPLACING, TABLE
from .units import ARMED, FILES, ROLLBACK, UNIT, rollback_command

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = {"nft": "nftables", "ip": "iproute2", "unshare": "util-linux", "flock": "util-linux"}
TIMEOUT_S = 30
MAX_BYTES = 16 * 1024 * 1024
FILE = Path("/etc/quartermaster/firewall.nft")
RUN = Path("/run/quartermaster-firewall")
"""What is tried out. It is gone after a boot, which loads the rules that were confirmed last."""
SNAPSHOT = RUN / "snapshot.nft"
PENDING = RUN / "pending.json"
# Loads a file into a network of its own and shows how nftables itself writes it.
NORMALISE = f"nft -f - && nft -s list table {TABLE}"


class Host(HostCommands):
    """The host that the module runs on, as far as its firewall is concerned."""

    packages = PACKAGES
    timeout_s = TIMEOUT_S

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs and the roll-back out; without a folder there is nothing to keep."""
        if not RUN.is_dir() and self._module.check_mode:
            yield
            return
        files.make_folder(RUN)
        with files.locked(RUN):
            yield

    def read_table(self) -> str:
        """Return our table as it runs, empty if there is none."""
        listed = json.loads(self.run("nft", "-j", "list", "tables"))["nftables"]
        ours = [item["table"] for item in listed if "table" in item]
        if not any(f"{table['family']} {table['name']}" == TABLE for table in ours):
            return ""
        return self.run("nft", "-s", "list", "table", *TABLE.split())

    def normalise(self, text: str) -> str:
        """Return a file's table as nftables would list it.

        :raises Failure: if nftables does not take the file as a whole.
        """
        for command in (("nft", "-c", "-f", "-"), ("unshare", "--net", "sh", "-c", NORMALISE)):
            code, out, error = self.call(*command, data=text)
            if code:
                raise Failure(
                    f"refused, nothing was changed: nft does not take the rules: {error.strip()}",
                    code="refused",
                )
        return out

    def read_saved(self) -> str | None:
        """Return the rules that were confirmed last, and that a boot loads."""
        return files.read(FILE, MAX_BYTES)[0]

    def read_pending(self) -> dict[str, t.Any] | None:
        """Return the change that waits for its confirmation."""
        text = files.read(PENDING, MAX_BYTES)[0]
        return json.loads(text) if text else None

    def try_out(self, text: str, running: str, timeout_s: int, connection: str | None) -> str:
        """Let new rules run until they are confirmed or the time is over; return the change's name.

        The timer runs before the rules do, so nothing that happens after can keep them.
        """
        self._write_snapshot(running)
        change = secrets.token_hex(8)
        pending = {"change": change, "connection": connection, "text": text}
        files.replace(PENDING, json.dumps(pending))
        try:
            self.arm(timeout_s)
            self.apply(text)
        except Failure:
            self.settle()
            raise
        return change

    def _write_snapshot(self, running: str) -> None:
        """Keep what runs, as a file that nft takes: as it was confirmed, if that is what runs."""
        saved = self.read_saved()
        is_saved = False
        if saved:
            with contextlib.suppress(Failure):
                is_saved = self.normalise(saved) == running
        snapshot = saved if saved and is_saved else f"{REPLACING}{running}"
        self.run("nft", "-c", "-f", "-", data=snapshot)
        files.replace(SNAPSHOT, snapshot)

    def arm(self, timeout_s: int) -> None:
        """Start the timer of the roll-back.

        :raises Failure: if it does not run.
        """
        self.disarm()
        self.run(
            *("systemd-run", "--quiet", "--collect", f"--unit={ROLLBACK}"),
            f"--on-active={timeout_s}s",
            *("--timer-property=AccuracySec=100ms", "--property=Restart=on-failure"),
            *("--property=RestartSec=1", "/bin/sh", "-c", rollback_command(RUN, SNAPSHOT, PENDING)),
        )
        if self.run("systemctl", "is-active", ARMED).strip() != "active":
            raise Failure(f"{ARMED} does not run; nothing was changed", code="not_armed")

    def disarm(self) -> None:
        """Stop the timer, if there is one."""
        self.call("systemctl", "stop", ARMED)
        self.call("systemctl", "reset-failed", ROLLBACK, ARMED)

    def apply(self, text: str) -> None:
        """Replace our table in one transaction."""
        self.run("nft", "-f", "-", data=text)

    def roll_back(self) -> None:
        """Do now what the timer would do later."""
        snapshot = files.read(SNAPSHOT, MAX_BYTES)[0]
        if snapshot:
            self.apply(snapshot)
        self.settle()

    def settle(self) -> None:
        """End the trial: without the file the roll-back does nothing, also if it has begun."""
        files.remove(PENDING)
        self.disarm()

    def save(self, text: str) -> None:
        """Keep rules as those that a boot loads."""
        FILE.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        files.replace(FILE, text)

    def has_unit(self) -> bool:
        """Return whether our unit is as it should be and loads the rules at boot."""
        if any(files.read(path, MAX_BYTES)[0] != text for path, text in FILES.items()):
            return False
        out = self.run("systemctl", "show", UNIT, "--property=UnitFileState,ActiveState")
        return {"UnitFileState=enabled", "ActiveState=active"} <= set(out.splitlines())

    def install_unit(self) -> None:
        """Have the rules loaded at boot, and whenever Debian's own unit has flushed all tables."""
        for path, text in FILES.items():
            path.parent.mkdir(mode=0o755, exist_ok=True)
            files.replace(path, text)
            path.chmod(0o644)
        self.run("systemctl", "daemon-reload")
        self.run("systemctl", "enable", "--quiet", "--now", UNIT)

    def uninstall(self) -> None:
        """Remove table, units and file, the file last: while it is there, there is work left."""
        if self.call("systemctl", "cat", UNIT)[0] == 0:
            self.run("systemctl", "disable", "--quiet", "--now", UNIT)
        for path in FILES:
            files.remove(path)
        self.run("systemctl", "daemon-reload")
        self.apply(REPLACING)
        files.remove(FILE)

    def interface_of(self, address: str) -> str:
        """Return the interface that has an address, empty if none has."""
        for link in json.loads(self.run("ip", "-j", "address", "show")):
            for own in link.get("addr_info", ()):
                if own.get("local") == address:
                    return str(link["ifname"])
        return ""


class Connection(t.NamedTuple):
    """An SSH connection to this host: who came in, and by which of its addresses and ports."""

    client: str
    server: str
    port: int


def parse_connection(text: str | None) -> Connection | None:
    """Return SSH_CONNECTION of sshd(8) as its parts; None if there is none."""
    words = (text or "").split()
    if len(words) != 4 or not words[3].isdigit():  # noqa: PLR2004 - client, port, server, port
        return None
    client, server = (_plain(word) for word in (words[0], words[2]))
    return Connection(client, server, int(words[3])) if client and server else None


def _plain(text: str) -> str:
    """Return an address without zone, and IPv4 as IPv4; empty if it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def find_connection(environ: t.Mapping[str, str], parent: int) -> str | None:
    """Return SSH_CONNECTION of this process or of one that started it.

    sudo(8) hands on no SSH_CONNECTION, but the shell before it still has it.
    """
    if environ.get("SSH_CONNECTION"):
        return environ["SSH_CONNECTION"]
    while parent > 1:
        folder = Path("/proc") / str(parent)
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        for variable in variables:
            if variable.startswith(b"SSH_CONNECTION="):
                return variable.partition(b"=")[2].decode(errors="replace")
        parent = int(stat.rpartition(")")[2].split()[1])
    return None

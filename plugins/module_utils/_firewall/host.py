# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module `firewall_rules` reads and does on its host: nft(8), systemd(1) and its files."""

from __future__ import annotations

import contextlib
import json
import shlex
from pathlib import Path

from .._host import secret_files as files
from .._host.trial import TrialHost
from .._module import Failure
from .nftables import REPLACING, TABLE
from .units import FILES, ROLLBACK, UNIT

PACKAGES = {"nft": "nftables", "ip": "iproute2", "unshare": "util-linux", "flock": "util-linux"}
TIMEOUT_S = 30
MAX_BYTES = 16 * 1024 * 1024
FILE = Path("/etc/quartermaster/firewall.nft")
RUN = Path("/run/quartermaster-firewall")
"""What is tried out. It is gone after a boot, which loads the rules that were confirmed last."""
SNAPSHOT = RUN / "snapshot.nft"
# Loads a file into a network of its own and shows how nftables itself writes it.
NORMALISE = f"nft -f - && nft -s list table {TABLE}"


class Host(TrialHost):
    """The host that the module runs on, as far as its firewall is concerned."""

    packages = PACKAGES
    timeout_s = TIMEOUT_S
    trial_folder = RUN
    rollback = ROLLBACK

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

    def try_out(self, text: str, running: str, timeout_s: int, connection: str | None) -> str:
        """Let new rules run until they are confirmed or the time is over; return the change's name.

        The timer runs before the rules do, so nothing that happens after can keep them.
        """
        self._write_snapshot(running)
        change = self.begin(connection, text=text)
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

    def restoring_command(self) -> str:
        """Return the shell command that loads the snapshot."""
        return f"nft -f {shlex.quote(str(SNAPSHOT))}"

    def apply(self, text: str) -> None:
        """Replace our table in one transaction."""
        self.run("nft", "-f", "-", data=text)

    def roll_back(self) -> None:
        """Do now what the timer would do later."""
        snapshot = files.read(SNAPSHOT, MAX_BYTES)[0]
        if snapshot:
            self.apply(snapshot)
        self.settle()

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

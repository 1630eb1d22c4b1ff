# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host that a module runs on: its packages, its units, and what it is."""

from __future__ import annotations

import contextlib
import os
import socket
import typing as t
from pathlib import Path

from . import secret_files as files
from .commands import HostCommands

if t.TYPE_CHECKING:
    from collections.abc import Iterator

RUN = Path("/run/quartermaster-host")
"""Lock and records; a boot empties it, and starts each unit with the files that it finds."""
OS_RELEASE = (Path("/etc/os-release"), Path("/usr/lib/os-release"))
DPKG_UPDATES = Path("/var/lib/dpkg/updates")
PROC_SYS = Path("/proc/sys")
ENABLED = ("enabled", "enabled-runtime")
# Units without an [Install] section, and those that another unit or a generator brings.
ENABLED_BY_OTHERS = ("static", "indirect", "alias", "generated", "transient")


class Unit(t.NamedTuple):
    """A unit of systemd, in the words of systemctl(1)."""

    load: str
    file: str
    active: str

    @property
    def is_found(self) -> bool:
        """Whether there is such a unit."""
        return self.load != "not-found"

    @property
    def is_masked(self) -> bool:
        """Whether it was made impossible to start."""
        return self.load == "masked" or self.file.startswith("masked")

    @property
    def is_enabled(self) -> bool:
        """Whether a boot starts it, as far as enabling it could."""
        return self.file in (*ENABLED, *ENABLED_BY_OTHERS)

    @property
    def is_active(self) -> bool:
        """Whether it runs, or is about to."""
        return self.active in ("active", "activating", "reloading")


class Host(HostCommands):
    """The host that the module runs on, as far as files, units and packages are concerned."""

    packages: t.ClassVar[t.Mapping[str, str]] = {
        "systemctl": "systemd",
        "systemd-detect-virt": "systemd",
        "apt-get": "apt",
        "apt-config": "apt",
    }
    timeout_s = 90

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out; a preview on a fresh host has nothing to lock."""
        if self._module.check_mode and not RUN.is_dir():
            yield
            return
        files.make_folder(RUN)
        with files.locked(RUN):
            yield

    def find_name(self) -> str:
        """Return the host name of the kernel."""
        return socket.gethostname()

    def is_container(self) -> bool:
        """Return whether another machine's kernel runs below."""
        return self.call("systemd-detect-virt", "--container")[0] == 0

    def is_sysctl_writable(self) -> bool:
        """Return whether kernel settings can be set; containers have them read-only."""
        return os.access(PROC_SYS / "kernel" / "dmesg_restrict", os.W_OK)

    def read_units(self, names: t.Sequence[str]) -> dict[str, Unit]:
        """Return the units of these names, by one call."""
        if not names:
            return {}
        shown = "--property=LoadState,UnitFileState,ActiveState"
        blocks = self.run("systemctl", "show", shown, "--", *names).strip().split("\n\n")
        return {name: _parse_unit(block) for name, block in zip(names, blocks)}  # noqa: B905 - one block a name; hosts may run Python 3.8

    def find_installed(self, names: t.Sequence[str]) -> list[str]:
        """Return which of these packages are installed and configured."""
        if not names or not self.has("dpkg-query"):
            return []
        form = "--showformat=${db:Status-Abbrev} ${Package}\n"
        # It fails if it knows none of a name, and lists the others all the same.
        lines = self.call("dpkg-query", "--show", form, "--", *names)[1].splitlines()
        found = {line[4:].strip() for line in lines if line[1:3] == "i "}
        return [name for name in names if name in found]

    def is_dpkg_interrupted(self) -> bool:
        """Return whether dpkg(1) died in the middle, as apt finds it (its journal has entries)."""
        try:
            return any(entry.name.isdigit() for entry in DPKG_UPDATES.iterdir())
        except FileNotFoundError:
            return False


def find_distribution(sources: t.Iterable[Path] = OS_RELEASE) -> tuple[str, list[str]]:
    """Return the distribution's full name, and its family: its ID and those that it is like.

    os-release(5) has the format.
    """
    for source in sources:
        try:
            lines = source.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            continue
        pairs = (line.partition("=") for line in lines if "=" in line)
        values = {key.strip(): value.strip().strip("\"'") for key, _sign, value in pairs}
        family = f"{values.get('ID', 'linux')} {values.get('ID_LIKE', '')}".split()
        return values.get("PRETTY_NAME") or family[0], family
    return "an unknown system", []


def _parse_unit(block: str) -> Unit:
    pairs = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    return Unit(pairs["LoadState"], pairs.get("UnitFileState", ""), pairs.get("ActiveState", ""))

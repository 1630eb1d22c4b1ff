# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages of Debian and Ubuntu, by apt-get(8): what lacks, and what would go for it."""

from __future__ import annotations

import re
import time
import typing as t

from .._module import Failure
from .host import Host

LOCK_TIMEOUT_S = 300
POLL_S = 2.0
LOCKED = "Could not get lock"
STEP = re.compile(r"^(Inst|Remv) (\S+)", re.MULTILINE)
PROBLEM = re.compile(r"^(?:[EW]|dpkg): ?(.+)$", re.MULTILINE)
SETTINGS = (
    f"-oDPkg::Lock::Timeout={LOCK_TIMEOUT_S}",
    # A changed file of settings stays, and nobody is asked.
    "-oDpkg::Options::=--force-confdef",
    "-oDpkg::Options::=--force-confold",
)


class Steps(t.NamedTuple):
    """What an installation would do."""

    installed: list[str]
    removed: list[str]


class PackageHost(Host):
    """The host that the module runs on, as far as packages are concerned."""

    timeout_s = 3600

    def finish_interrupted(self) -> None:
        """Have dpkg(1) configure what it was about to when it died."""
        self.run(
            *("env", "DEBIAN_FRONTEND=noninteractive"),
            *("dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"),
        )

    def refresh_lists(self) -> list[str]:
        """Bring the lists of packages up to date; return why some could not be.

        A source that does not answer leaves the lists of the others as good as they are.
        """
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            code, _out, errors = self._apt("--quiet", "update")
            if LOCKED not in errors or time.monotonic() > deadline:
                break
            time.sleep(POLL_S)
        return PROBLEM.findall(errors) or ([f"exit status {code}"] if code else [])

    def plan(self, names: t.Sequence[str], problems: t.Sequence[str]) -> Steps:
        """Return what an installation would do; `problems` are those of the lists.

        :raises Failure: if apt cannot install them, with its reason.
        """
        code, out, errors = self._apt("--simulate", *_install(names))
        if code:
            self._fail(names, [*PROBLEM.findall(errors), *problems], errors)
        steps = STEP.findall(out)
        return Steps(
            [name for verb, name in steps if verb == "Inst"],
            [name for verb, name in steps if verb == "Remv"],
        )

    def install(self, names: t.Sequence[str]) -> None:
        """Install packages, without those that are only recommended.

        :raises Failure: if apt fails, with its reason.
        """
        code, out, errors = self._apt("--yes", *_install(names))
        if code:
            self._fail(names, PROBLEM.findall(errors), errors or out)

    def _apt(self, *words: str) -> tuple[int, str, str]:
        return self.call("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *SETTINGS, *words)

    def _fail(self, names: t.Sequence[str], reasons: t.Sequence[str], words: str) -> t.NoReturn:
        shown = ("; ".join(dict.fromkeys(reasons)) or words.strip()[-500:]).rstrip(".")
        raise Failure(
            f"{', '.join(names)} could not be installed: {shown}. Mend that on the host "
            "(`apt-get update` shows it), and run again",
            code="not_installed",
        )


def _install(names: t.Sequence[str]) -> tuple[str, ...]:
    return ("--no-install-recommends", "install", "--", *names)

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change of a host that is tried out: a timer takes it back unless it is confirmed in time."""

from __future__ import annotations

import abc
import contextlib
import json
import secrets
import shlex
import typing as t
from pathlib import Path

from .._module import Failure
from . import secret_files as files
from .commands import HostCommands

PENDING = "pending.json"
"""The file of a trial in its folder: while it is there, the change waits for its confirmation."""
PENDING_MAX_BYTES = 16 * 1024 * 1024
LOCK_TIMEOUT_S = 5
TIMEOUT_MIN_S = 5
TIMEOUT_MAX_S = 3600
TRIAL_OPTIONS: dict[str, dict[str, t.Any]] = {
    "confirm_timeout": {"type": "int", "default": 60},
    "change": {"type": "str"},
}
"""Options of modules whose changes are tried out, described in the fragment `trial`."""


class TrialHost(HostCommands, abc.ABC):
    """A host on which a change runs until it is confirmed, or taken back by a timer of systemd.

    A host derives from it, names its folder and its units, and defines how it is taken back.
    The caller begins the trial and arms the timer before the first write.
    """

    trial_folder: t.ClassVar[Path]
    """What is needed to take the change back; its lock keeps runs and the roll-back apart."""
    rollback: t.ClassVar[str]
    """Name of the timer, and of the service that it starts."""

    @abc.abstractmethod
    def restoring_command(self) -> str:
        """Return the shell command that takes the change back."""

    @contextlib.contextmanager
    def locked(self) -> t.Iterator[None]:
        """Keep other runs and the roll-back out; without a folder there is nothing to keep."""
        if not self.trial_folder.is_dir() and self._module.check_mode:
            yield
            return
        files.make_folder(self.trial_folder)
        with files.locked(self.trial_folder):
            yield

    def read_pending(self) -> dict[str, t.Any] | None:
        """Return the change that waits for its confirmation."""
        text = files.read(self.trial_folder / PENDING, PENDING_MAX_BYTES)[0]
        return json.loads(text) if text else None

    def begin(self, connection: str | None, **details: t.Any) -> str:
        """Record a change that is to be confirmed over another connection; return its name."""
        change = secrets.token_hex(8)
        pending = {"change": change, "connection": connection, **details}
        files.replace(self.trial_folder / PENDING, json.dumps(pending))
        return change

    def arm(self, timeout_s: int) -> None:
        """Start the timer of the roll-back.

        :raises Failure: if it does not run.
        """
        self.disarm()
        command = rollback_command(self.trial_folder, self.restoring_command())
        self.run(
            *("systemd-run", "--quiet", "--collect", f"--unit={self.rollback}.service"),
            f"--on-active={timeout_s}s",
            *("--timer-property=AccuracySec=100ms", "--property=Restart=on-failure"),
            *("--property=RestartSec=1", "/bin/sh", "-c", command),
        )
        timer = f"{self.rollback}.timer"
        if self.run("systemctl", "is-active", timer).strip() != "active":
            raise Failure(f"{timer} does not run; nothing was changed", code="not_armed")

    def disarm(self) -> None:
        """Stop the timer, if there is one."""
        self.call("systemctl", "stop", f"{self.rollback}.timer")
        self.call("systemctl", "reset-failed", f"{self.rollback}.service", f"{self.rollback}.timer")

    def settle(self) -> None:
        """End the trial: without the file the roll-back does nothing, also if it has begun."""
        files.remove(self.trial_folder / PENDING)
        self.disarm()


def rollback_command(folder: Path, restoring: str) -> str:
    """Return the shell command that runs another one, unless the change was confirmed.

    It waits for the lock, but not for long: a run that hangs with it must not keep us out.
    """
    lock, pending = (shlex.quote(str(path)) for path in (folder, folder / PENDING))
    return (
        f"exec 9<{lock}; flock -w {LOCK_TIMEOUT_S} 9; "
        f"test -e {pending} || exit 0; {restoring} && rm -f {pending}"
    )


def check_timeout(timeout_s: int) -> None:
    """Check how long a change may wait for its confirmation.

    :raises Failure: if it is too short for a connection, or too long for somebody locked out.
    """
    if not TIMEOUT_MIN_S <= timeout_s <= TIMEOUT_MAX_S:
        raise Failure(
            f"refused, nothing was changed: confirm_timeout {timeout_s} is not within "
            f"{TIMEOUT_MIN_S} to {TIMEOUT_MAX_S}",
            code="refused",
        )


def check_confirmation(
    pending: dict[str, t.Any] | None, change: str, connection: str | None, subject: str
) -> dict[str, t.Any]:
    """Return the change that is confirmed.

    :raises Failure: if it was taken back, or if the connection is the one from before the change.
    """
    if pending is None:
        raise Failure(
            f"nobody confirmed the change in time, or another run has taken it back; {subject} is "
            "not what this run wanted. Run it again, one at a time",
            code="rolled_back",
        )
    if pending["change"] != change:
        raise Failure(
            "another run on this host has taken this change for that of a killed run, and tries "
            f"its own now; {subject} is what that run wants. Run it again when the other has ended",
            code="rolled_back",
        )
    if connection is not None and connection == pending["connection"]:
        raise Failure(
            "the connection is the one from before the change, which proves nothing; close it and "
            "come again",
            code="not_fresh",
        )
    return pending

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module `host_access` does on its host: accounts, keys, sudo and sshd, on trial."""

from __future__ import annotations

import contextlib
import inspect
import shlex
import sys
import time
import typing as t
from pathlib import Path

from .._host import secret_files as files
from .._host.trial import TrialHost, rollback_command
from .._module import Failure
from . import accounts, processes, restoring, sudo
from . import plan as planning

if t.TYPE_CHECKING:
    from .accounts import User
    from .effective import Settings
    from .plan import Plan, Write

PACKAGES = {
    "sshd": "openssh-server",
    "visudo": "sudo",
    "flock": "util-linux",
    "useradd": "passwd",
    "usermod": "passwd",
}
RUN = Path("/var/lib/quartermaster/access")
"""What a trial needs. It outlives a boot, as the files do that are on trial."""
DIGEST = RUN / "sshd.digest"
PROGRAM = RUN / "restoring.py"
SCRIPT = RUN / "rollback.sh"
ROLLBACK = "quartermaster-access-rollback"
UNIT = Path("/etc/systemd/system/quartermaster-access-recovery.service")
WANTED_BY = UNIT.parent / "multi-user.target.wants" / UNIT.name
UNIT_TEXT = f"""\
# Written by quartermaster.fleet.host_access while a change waits for its confirmation.
[Unit]
Description=Take back a change of who may log in that a boot interrupted
ConditionPathExists={RUN}/pending.json
RequiresMountsFor={RUN}
Before=ssh.service ssh.socket

[Service]
Type=oneshot
ExecStart=/bin/sh {SCRIPT}
"""
MAX_BYTES = 64 * 1024 * 1024
PID_FILE = Path("/run/sshd.pid")
RELOAD_TIMEOUT_S = 15.0
POLL_S = 0.05


class Host(TrialHost):
    """The host that the module runs on, as far as logging in is concerned."""

    packages = PACKAGES
    timeout_s = 60
    trial_folder = RUN
    rollback = ROLLBACK

    def restoring_command(self) -> str:
        """Return the shell command that restores the snapshot."""
        words = (sys.executable, "-I", str(PROGRAM), str(RUN))
        return " ".join(map(shlex.quote, words))

    def read_digest(self) -> str | None:
        """Return the digest of the settings that sshd has read."""
        return files.read(DIGEST, MAX_BYTES)[0]

    def read_sudoers(self) -> str:
        """Return the main file of sudo, empty without one, as before its installation."""
        path = Path(sudo.MAIN)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def check_rules(self, text: str) -> None:
        """Have visudo(8) read a file of rules that is written nowhere yet.

        :raises Failure: if it does not take it.
        """
        code, output, error = self.call("visudo", "-cf", "-", data=text)
        if code:
            raise Failure(f"sudo rules refused: {(error or output).strip()}", code="refused")

    def uses_socket(self) -> bool:
        """Return whether systemd listens for sshd, which then reads its settings by itself.

        :raises Failure: if systemd keeps no sshd at all.
        """
        words = ("systemctl", "show", "--property=ActiveState", "--value")
        states = [self.call(*words, unit)[1].strip() for unit in ("ssh.service", "ssh.socket")]
        if "active" not in states and "reloading" not in states:
            raise Failure(
                "sshd runs neither as ssh.service nor by ssh.socket, so it cannot be reloaded; run "
                "`systemctl enable --now ssh`",
                code="not_running",
            )
        return states[1] == "active"

    def dismiss(self, plan: Plan) -> None:
        """Have accounts out at once, and for good: what a kill leaves of it lets nobody in.

        Rights and keys go first, then what runs, and last the account by which a run finds them.
        """
        for write in plan.leaver_files:
            self.write(write)
        for account in plan.leavers:
            self.run("usermod", "--lock", "--expiredate", "1", account.name)
            for act in ("disable-linger", "terminate-user"):
                if self.has("loginctl"):
                    self.call("loginctl", act, account.name)
            if not processes.end_all(account.uid):
                raise Failure(
                    f"{account.name} is locked out, but a process of it does not end; the account "
                    "stays until a boot, and is removed by the next run",
                    code="still_running",
                )
            self.run("userdel", "--force", account.name)

    def try_out(
        self,
        plan: Plan,
        by_user: t.Mapping[str, Settings],
        timeout_s: int,
        connection: str | None,
    ) -> str:
        """Change what has to be changed until it is confirmed or the time is over."""
        self._write_snapshot(plan)
        change = self.begin(connection)
        try:
            self._install_recovery()
            self.arm(timeout_s)
            self.apply(plan, by_user)
        except (Failure, OSError, files.InsecureFile) as error:
            self.roll_back()
            code = getattr(error, "code", "failed")
            raise Failure(f"{error}; the host is as it was", code=code) from error
        return change

    def _write_snapshot(self, plan: Plan) -> None:
        """Keep what is about to change: as it is now, when those who leave have left."""
        files.replace(PROGRAM, inspect.getsource(restoring))
        owners = [(write.after.path, write.uid, write.gid) for write in plan.writes]
        owners.append((str(DIGEST), 0, 0))
        saved = [(restoring.read_file(path, uid, gid), uid, gid) for path, uid, gid in owners]
        kept = [
            {
                "name": account.name,
                "password": account.password,
                "comment": account.comment,
                "shell": account.shell,
                "groups": sorted(account.groups - {account.group}),
            }
            for account, _words in plan.modified
        ]
        homes = Path("/home")
        made = [
            {"name": user.name, "had_home": (homes / user.name).exists()} for user in plan.created
        ]
        has_sshd = plan.reloads_sshd and not plan.has_socket
        text = restoring.pack(saved, accounts=kept, made=made, has_sshd=has_sshd)
        files.replace(RUN / restoring.SNAPSHOT, text)

    def _install_recovery(self) -> None:
        """Have a boot take the trial back: the files on trial outlive it, the timer does not."""
        files.replace(SCRIPT, rollback_command(RUN, self.restoring_command()) + "\n")
        files.replace(UNIT, UNIT_TEXT)
        UNIT.chmod(0o644)
        WANTED_BY.parent.mkdir(mode=0o755, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            WANTED_BY.symlink_to(UNIT)

    def apply(self, plan: Plan, by_user: t.Mapping[str, Settings]) -> None:
        """Change accounts, then keys, then rules, then sshd, which reads who may come in."""
        for user in plan.created:
            self.run("useradd", *accounts.creation_of(user), user.name)
            self._write_first_keys(user, by_user[user.name])
        for account, words in plan.modified:
            self.run("usermod", *words, account.name)
        for write in plan.writes:
            self.write(write)
        if plan.reloads_sshd:
            if not plan.has_socket:
                self.reload_sshd()
            files.replace(DIGEST, plan.digest)

    def _write_first_keys(self, user: User, settings: Settings) -> None:
        account = accounts.find_account(user.name)
        if account is None:
            raise Failure(f"useradd made no account {user.name}", code="command_failed")
        for write in planning.plan_keys(user, account, settings):
            self.write(write)

    def write(self, write: Write) -> None:
        """Write a file by the account that owns its folder, which is made where it lacks."""
        folder = Path(write.after.path).parent
        is_roots = restoring.is_roots_alone(write.after.path)
        if write.after.content is not None and not folder.exists():
            with restoring.acting_as(*((0, 0) if is_roots else (write.uid, write.gid))):
                folder.mkdir(parents=is_roots)
                # Sshd reads root's folders as the account; no umask decides that.
                folder.chmod(0o755 if is_roots and write.uid else 0o700)
        restoring.write_file(write.after, write.uid, write.gid)

    def reload_sshd(self) -> None:
        """Have sshd read its settings; connections that are open stay open.

        It writes its pid file when it listens again. Until then a fresh connection might come in by
        the old settings, and prove nothing.

        :raises Failure: if it does not listen again.
        """
        before = _identify(PID_FILE)
        self.run("systemctl", "reload", "ssh.service")
        deadline = time.monotonic() + RELOAD_TIMEOUT_S
        while before and _identify(PID_FILE) in (None, before):
            if time.monotonic() > deadline:
                raise Failure("sshd does not listen again after its reload", code="not_running")
            time.sleep(POLL_S)

    def roll_back(self) -> None:
        """Do now what the timer would do later.

        :raises Failure: if something could not be restored; the timer tries it again.
        """
        faults = restoring.restore(str(RUN))
        if faults:
            raise Failure(f"not all could be restored: {'; '.join(faults)}", code="command_failed")
        self.settle()

    def settle(self) -> None:
        """End the trial, and keep nothing of what it took to take it back."""
        super().settle()
        self.clean_up()

    def clean_up(self) -> None:
        """Remove what a run left that was killed after its trial had ended."""
        for path in (WANTED_BY, UNIT, SCRIPT, PROGRAM, RUN / restoring.SNAPSHOT):
            files.remove(path)


def _identify(path: Path) -> tuple[int, int] | None:
    """Return what distinguishes a file from the one that was there before; None without one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def find_keepers(account: str, own_pid: int) -> set[str]:
    """Return the accounts that must stay: root, Ansible's, and whoever leads to this process."""
    ancestors = processes.find_ancestors(own_pid, processes.read_all())
    uids = {uid for process in ancestors for uid in process.uids}
    return {"root", account, *accounts.list_names(uids)}

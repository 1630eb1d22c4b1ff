# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would have to be done on a host, and why it would be refused; it writes nothing."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from . import accounts, authorized_keys, effective, restoring, sudo
from .restoring import File
from .sshd import DROP_IN

if t.TYPE_CHECKING:
    from .._host.ssh_connection import Connection
    from .accounts import Account, User
    from .host import Host
    from .sshd import Trial

ROOT = (0, 0)


@dataclass(frozen=True)
class Wanted:
    """Who may log in, and how."""

    account: str
    """The account with which Ansible comes in."""
    users: tuple[User, ...]
    sshd_text: str
    sshd_keywords: frozenset[str] = frozenset()
    """What sshd_options sets, in small letters."""
    connection: Connection | None = None
    """By which Ansible came in."""


@dataclass(frozen=True)
class Write:
    """A file that has to change, and the account that owns its folder."""

    before: File
    after: File
    uid: int
    gid: int


@dataclass
class Plan:
    """What has to be done, in the order of the fields; all but the leavers can be taken back."""

    leavers: list[Account] = field(default_factory=list)
    leaver_files: list[Write] = field(default_factory=list)
    created: list[User] = field(default_factory=list)
    modified: list[tuple[Account, list[str]]] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    reloads_sshd: bool = False
    has_socket: bool = False
    """Whether systemd starts a sshd for each connection, which reads its settings anew."""
    digest: str = ""
    changes: list[str] = field(default_factory=list)
    before: dict[str, t.Any] = field(default_factory=dict)
    after: dict[str, t.Any] = field(default_factory=dict)

    @property
    def needs_trial(self) -> bool:
        """Return whether there is anything that could lock somebody out."""
        return bool(self.created or self.modified or self.writes or self.reloads_sshd)

    def find_rules(self) -> str:
        """Return the rules of sudo(8) that have to be written, empty if there are none."""
        found = [write.after.content for write in self.writes if write.after.path == sudo.PATH]
        return "".join(_as_text(content) for content in found)

    def note(self, change: str, item: str, before: t.Any, after: t.Any) -> None:
        """Keep what is done in a few words, and both ends of it for --diff."""
        self.changes.append(change)
        if before != after:
            self.before[item], self.after[item] = before, after


def make(host: Host, wanted: Wanted, trial: Trial) -> Plan:
    """Return what has to be done on a host."""
    plan = Plan(digest=trial.digest)
    _plan_leavers(plan, wanted, trial)
    for user in wanted.users:
        if user.is_present:
            _plan_account(plan, user, trial)
    _plan_sudo(plan, wanted)
    _plan_sshd(plan, host, wanted, trial)
    return plan


def _plan_leavers(plan: Plan, wanted: Wanted, trial: Trial) -> None:
    leaving = [user for user in wanted.users if not user.is_present]
    found = [(user, accounts.find_account(user.name)) for user in leaving]
    plan.leavers = [account for _user, account in found if account is not None]
    rules = restoring.read_file(sudo.PATH, *ROOT)
    kept = sudo.without(_as_text(rules.content), [user.name for user in leaving])
    if kept != _as_text(rules.content):
        _add(plan.leaver_files, rules, kept or None, 0o440)
    for account in plan.leavers:
        names = effective.key_files(
            trial.by_user[account.name], account.name, account.uid, account.home
        )
        for path in names:
            before = restoring.read_file(path, account.uid, account.gid)
            if before.content is not None:
                after = before._replace(content=None)
                plan.leaver_files.append(Write(before, after, account.uid, account.gid))
        plan.note(f"{account.name}: removed", account.name, _shown(account), None)


def _plan_account(plan: Plan, user: User, trial: Trial) -> None:
    account = accounts.find_account(user.name)
    if account is None:
        plan.created.append(user)
        words = accounts.creation_of(user)
        plan.note(f"{user.name}: created", user.name, None, " ".join(words))
        if user.public_keys:
            plan.note(f"{user.name}: keys", f"{user.name}: keys", None, list(user.public_keys))
        return
    words = accounts.change_of(user, account)
    if words:
        plan.modified.append((account, words))
        plan.note(f"{user.name}: {' '.join(words)}", user.name, _shown(account), " ".join(words))
    for write in plan_keys(user, account, trial.by_user[user.name]):
        plan.writes.append(write)
        before, after = (_as_text(file.content) for file in (write.before, write.after))
        plan.note(f"{user.name}: keys in {write.after.path}", write.after.path, before, after)


def plan_keys(user: User, account: Account, settings_: effective.Settings) -> t.Iterator[Write]:
    """Yield the files of keys that have to change: where sshd looks for them, and nowhere else."""
    if user.public_keys is None:
        return
    paths = effective.key_files(settings_, user.name, account.uid, account.home)
    for at, path in enumerate(paths):
        wanted = user.public_keys if at == 0 else ()
        if at and not user.only_these_keys:
            continue
        before = restoring.read_file(path, account.uid, account.gid)
        old = _as_text(before.content)
        new = authorized_keys.merge(old, wanted, only=user.only_these_keys)
        if new != old:
            after = before._replace(content=_as_bytes(new))
            if before.content is None and restoring.is_roots_alone(path) and account.uid:
                # Sshd reads it as the account, which root's folder keeps from changing it.
                after = after._replace(mode=0o644, uid=0, gid=0)
            yield Write(before, after, account.uid, account.gid)


def _plan_sudo(plan: Plan, wanted: Wanted) -> None:
    text = sudo.render(user.name for user in wanted.users if user.sudo and user.is_present)
    # The rules of those who leave are gone by then.
    gone = [write.after for write in plan.leaver_files if write.after.path == sudo.PATH]
    before = gone[0] if gone else restoring.read_file(sudo.PATH, *ROOT)
    if _add(plan.writes, before, text or None, 0o440):
        write = plan.writes[-1]
        plan.note("sudo: rules", sudo.PATH, _as_text(write.before.content), text)


def _plan_sshd(plan: Plan, host: Host, wanted: Wanted, trial: Trial) -> None:
    if _add(plan.writes, restoring.read_file(DROP_IN, *ROOT), wanted.sshd_text, 0o644):
        write = plan.writes[-1]
        plan.note("sshd: settings", DROP_IN, _as_text(write.before.content), wanted.sshd_text)
    if host.read_digest() != trial.digest:
        plan.reloads_sshd, plan.has_socket = True, host.uses_socket()
        plan.note("sshd: has not read its current settings", "sshd", None, None)


def find_refusals(host: Host, wanted: Wanted, trial: Trial) -> t.Iterator[str]:
    """Yield why nothing may be done on this host."""
    yield from trial.faults
    found = {user.name: accounts.find_account(user.name) for user in wanted.users}
    for user in wanted.users:
        yield from accounts.find_host_faults(user, found[user.name])
        if user.public_keys:
            yield from _find_key_faults(user, found[user.name], trial.by_user[user.name])
    own = accounts.find_account(wanted.account)
    if own is None:
        yield f"there is no account {wanted.account}, with which Ansible is configured to come in"
        return
    coming = {g for user in wanted.users if user.name == own.name for g in user.groups}
    yield from effective.find_lockouts(trial.base, own.name, own.groups | coming)
    if not _keeps_a_key(wanted, own, trial):
        files = " ".join(trial.base.get("authorizedkeysfile", []))
        yield f"{own.name} has no valid key in {files}, so nobody could come in without a password"
    yield from _find_port_faults(host, wanted, trial)
    # Before sudo is installed there is no such file; the rules are then refused for want of visudo.
    is_due = any(user.sudo for user in wanted.users) and host.has("visudo")
    if is_due and not sudo.INCLUDE.search(host.read_sudoers()):
        yield (
            f"{sudo.MAIN} does not include {sudo.PATH}, so sudo would not read it; add the line "
            f"`@includedir /etc/sudoers.d` at the end of {sudo.MAIN}"
        )


def _find_key_faults(
    user: User, account: Account | None, settings: effective.Settings
) -> t.Iterator[str]:
    """Yield why an account's keys cannot be where sshd looks for them."""
    home = account.home if account else f"/home/{user.name}"
    paths = effective.key_files(settings, user.name, account.uid if account else 0, home)
    if not paths:
        yield f'users: "{user.name}" is refused: sshd looks for keys in no file'
    elif account and paths[0].startswith(f"{home}/") and not Path(home).is_dir():
        yield (
            f'users: "{user.name}" is refused: its home {home} is not there, where sshd looks for '
            "keys; make it, or set AuthorizedKeysFile"
        )


def _find_port_faults(host: Host, wanted: Wanted, trial: Trial) -> t.Iterator[str]:
    """Yield why nobody could come in where Ansible came in just now."""
    asked = sorted(wanted.sshd_keywords & {"port", "listenaddress"})
    if asked and host.uses_socket():
        yield (
            f"sshd settings refused: {' and '.join(asked)} are those of ssh.socket on this host; "
            "set ListenStream= there by `systemctl edit ssh.socket`, or have sshd listen itself by "
            "`systemctl disable --now ssh.socket && systemctl enable --now ssh.service`"
        )
        return
    came = wanted.connection
    if came and not effective.listens(trial.base, came.server, came.port):
        if not asked and host.uses_socket():
            return
        yield (
            f"sshd settings refused: sshd would not listen at {came.server} port {came.port} any "
            f"more, where Ansible comes in; keep {came.port} beside the new port for now (Port: "
            f"[{came.port}, NEW]), let the new one in by the firewall, set ansible_port to it "
            "(`qm node set NODE --var ansible_port=NEW`), run again, and only then leave the old "
            "one out"
        )


def _keeps_a_key(wanted: Wanted, own: Account, trial: Trial) -> bool:
    """Return whether the account of Ansible has a key afterwards, or may come in without one."""
    if effective.has_other_proof(trial.base):
        return True
    user = next((user for user in wanted.users if user.name == own.name), None)
    if user is not None and user.public_keys:
        return True
    if user is not None and user.only_these_keys:
        return False
    paths = effective.key_files(trial.base, own.name, own.uid, own.home)
    files = [restoring.read_file(path, own.uid, own.gid) for path in paths]
    return any(authorized_keys.has_key(_as_text(file.content)) for file in files)


def _add(writes: list[Write], before: File, text: str | None, mode: int) -> bool:
    """Note a file of root's that has to change; False if it is as it should be."""
    content = None if text is None else _as_bytes(text)
    is_same = before.content == content
    if is_same and (content is None or (before.mode, before.uid, before.gid) == (mode, *ROOT)):
        return False
    writes.append(Write(before, File(before.path, content, mode, *ROOT), *ROOT))
    return True


def _shown(account: Account) -> dict[str, t.Any]:
    """Return what --diff shows of an account; never its password."""
    return {
        "comment": account.comment,
        "shell": account.shell,
        "groups": sorted(account.groups),
        "is_locked": account.is_locked,
    }


def _as_text(content: bytes | None) -> str:
    return (content or b"").decode(errors="surrogateescape")


def _as_bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts of a host: as they are, and as they should be."""

from __future__ import annotations

import contextlib
import grp
import pwd
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .authorized_keys import describe, is_valid

NAME = re.compile(r"(?![0-9]+$)(?!\.{1,2}$)[A-Za-z0-9_.][A-Za-z0-9_.@-]{0,31}")
"""What useradd(8) of Debian takes, and the names that a directory gives."""
PASSWD = Path("/etc/passwd")
SHADOW = Path("/etc/shadow")
LINE = re.compile(r"[^:\r\n\0]*")


@dataclass(frozen=True)
class User:
    """An account as it should be; None leaves it as it is."""

    name: str
    is_present: bool = True
    comment: str | None = None
    groups: tuple[str, ...] = ()
    shell: str | None = None
    sudo: bool = False
    public_keys: tuple[str, ...] | None = None
    only_these_keys: bool = False


@dataclass(frozen=True)
class Account:
    """An account as it is."""

    name: str
    uid: int
    gid: int
    comment: str
    home: str
    shell: str
    group: str
    groups: frozenset[str]
    """All of them, its own one too."""
    password: str | None
    """The second field of its line in /etc/shadow; None if a directory keeps the account."""

    @property
    def is_locked(self) -> bool:
        """Return whether no password lets it in."""
        return self.password is None or self.password[:1] in ("!", "*")


def parse_user(item: t.Mapping[str, t.Any]) -> User:
    """Return one item of the option `users`."""
    keys = item.get("public_keys")
    return User(
        name=item["name"],
        is_present=item.get("state") != "absent",
        comment=item.get("comment"),
        groups=tuple(item.get("groups") or ()),
        shell=item.get("shell"),
        sudo=bool(item.get("sudo")),
        public_keys=None if keys is None else tuple(key.strip() for key in keys),
        only_these_keys=bool(item.get("only_these_keys")),
    )


def find_faults(users: t.Sequence[User], keepers: t.AbstractSet[str]) -> t.Iterator[str]:
    """Yield why accounts cannot be as they should; `keepers` are those that must stay."""
    names = [user.name for user in users]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f'users: "{name}" is refused: it is there twice'
    for user in users:
        for fault in _faults_of(user, keepers):
            yield f'users: "{user.name}" is refused: {fault}'


def _faults_of(user: User, keepers: t.AbstractSet[str]) -> t.Iterator[str]:
    if not NAME.fullmatch(user.name):
        yield "a name is made of letters, digits, - _ . and @, and begins with none of - and @"
    for number, key in enumerate(user.public_keys or (), 1):
        if not is_valid(key):
            yield (
                f"number {number} of public_keys ({describe(key)}) is no line of authorized_keys "
                "without options"
            )
    if user.comment is not None and not LINE.fullmatch(user.comment):
        yield f"the comment {user.comment!r} has a colon or a line break, which /etc/passwd has not"
    if user.only_these_keys and user.public_keys is None:
        yield "only_these_keys needs public_keys; give it [] to take all keys away"
    if user.shell is not None and not user.shell.startswith("/"):
        yield f"the shell {user.shell!r} is no absolute path"
    if not user.is_present and user.name in keepers:
        yield "root and the account with which Ansible comes in stay"


def find_host_faults(user: User, account: Account | None) -> t.Iterator[str]:
    """Yield why an account cannot become what it should on this host."""
    subject = f'users: "{user.name}" is refused:'
    if account is not None and account.password is None:
        kept = "it is not in /etc/passwd, so its directory decides"
        if not user.is_present:
            yield f"{subject} {kept}; remove it there, or take its keys and sudo away here"
        if words := change_of(user, account):
            yield f"{subject} {kept}; leave out here what differs there ({' '.join(words)})"
    if not user.is_present:
        return
    for group in user.groups:
        if not _has_group(group):
            yield f"{subject} there is no group {group} on this host; create it first"
    if user.shell is not None and not Path(user.shell).exists():
        yield f"{subject} there is no shell {user.shell} on this host; install it first"


def change_of(user: User, account: Account) -> list[str]:
    """Return the words for usermod(8) that make an account what it should be."""
    words = []
    if user.comment is not None and user.comment != account.comment:
        words += ["--comment", user.comment]
    if user.shell is not None and user.shell != account.shell:
        words += ["--shell", user.shell]
    if missing := sorted(set(user.groups) - account.groups):
        words += ["--append", "--groups", ",".join(missing)]
    # Nobody comes in with a password: sshd refuses them.
    if user.name != "root" and not account.is_locked:
        words += ["--lock"]
    return words


def creation_of(user: User) -> list[str]:
    """Return the words for useradd(8) that make a new account."""
    words = ["--create-home", "--shell", user.shell or "/bin/bash"]
    if user.comment:
        words += ["--comment", user.comment]
    return [*words, "--groups", ",".join(user.groups)] if user.groups else words


def find_account(name: str) -> Account | None:
    """Return an account, whoever keeps it."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    passwords = _read_passwords()
    own = passwords.get(name, found.pw_passwd) if name in _local_names() else None
    return Account(
        name,
        found.pw_uid,
        found.pw_gid,
        found.pw_gecos,
        found.pw_dir,
        found.pw_shell,
        _name_of_group(found.pw_gid),
        groups_of(name, found.pw_gid),
        own,
    )


def list_names(uids: t.Iterable[int]) -> list[str]:
    """Return the names of accounts; a number may have none."""
    found = []
    for uid in uids:
        with contextlib.suppress(KeyError, OverflowError):
            found.append(pwd.getpwuid(uid).pw_name)
    return found


def groups_of(name: str, gid: int) -> frozenset[str]:
    """Return the names of the groups that an account is in, its own one too."""
    return frozenset(
        group.gr_name for group in grp.getgrall() if name in group.gr_mem or group.gr_gid == gid
    )


def _name_of_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""


def list_groups() -> dict[str, frozenset[str]]:
    """Return each account with its groups."""
    accounts = pwd.getpwall()
    found: dict[str, set[str]] = {account.pw_name: set() for account in accounts}
    for group in grp.getgrall():
        for name in group.gr_mem:
            found.setdefault(name, set()).add(group.gr_name)
        for account in accounts:
            if account.pw_gid == group.gr_gid:
                found[account.pw_name].add(group.gr_name)
    return {name: frozenset(groups) for name, groups in found.items()}


def _has_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _local_names() -> set[str]:
    lines = PASSWD.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return {line.partition(":")[0] for line in lines}


def _read_passwords() -> dict[str, str]:
    """Return the password field of each account of this host; the module hides them."""
    text = SHADOW.read_text(encoding="utf-8", errors="surrogateescape") if SHADOW.exists() else ""
    fields = [line.split(":") for line in text.splitlines()]
    return {words[0]: words[1] for words in fields if len(words) > 1}

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts as they should be: what is refused, and what makes them so."""

from __future__ import annotations

import grp
import os
import pwd
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access import accounts
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.accounts import (
    Account,
    User,
    change_of,
    creation_of,
    find_faults,
    find_host_faults,
    parse_user,
)

if t.TYPE_CHECKING:
    from pathlib import Path

KEY = f"ssh-ed25519 AAAA{'a' * 60}"
ADA = Account(
    *("ada", 1001, 1001, "Ada", "/home/ada", "/bin/sh", "ada", frozenset({"ada", "adm"}), "!")
)


@pytest.mark.parametrize(
    ("user", "is_taken"),
    [
        ({"name": "ada.lovelace"}, True),
        ({"name": "Ada"}, True),
        ({"name": "ada@example.org"}, True),
        ({"name": "_apt"}, True),
        ({"name": "ada lovelace"}, False),
        ({"name": "-rf"}, False),
        ({"name": "a:b"}, False),
        ({"name": "../root"}, False),
        ({"name": ".."}, False),
        ({"name": "1001"}, False),
        ({"name": ""}, False),
        ({"name": "a" * 33}, False),
        ({"name": "ada", "public_keys": [f" {KEY}\n"]}, True),
        ({"name": "ada", "public_keys": ["not a key"]}, False),
        ({"name": "ada", "comment": "Ops: night"}, False),
        ({"name": "ada", "comment": "Ops\nroot::0:0"}, False),
        ({"name": "ada", "shell": "bash"}, False),
        ({"name": "ada", "only_these_keys": True}, False),
        ({"name": "ada", "only_these_keys": True, "public_keys": []}, True),
        ({"name": "root", "state": "absent"}, False),
        ({"name": "eve", "state": "absent"}, True),
    ],
)
def test_what_cannot_be_an_account_is_refused(user: dict[str, t.Any], *, is_taken: bool) -> None:
    assert (not list(find_faults([parse_user(user)], {"root"}))) == is_taken


def test_an_account_is_there_once() -> None:
    users = [User("ada"), User("ada", is_present=False)]

    assert list(find_faults(users, set())) == ['users: "ada" is refused: it is there twice']


@pytest.mark.parametrize(
    ("user", "account", "words"),
    [
        (User("ada"), ADA, []),
        (
            parse_user({"name": "ada", "comment": "Ada", "shell": "/bin/sh", "groups": ["adm"]}),
            ADA,
            [],
        ),
        (User("ada", comment="A. L."), ADA, ["--comment", "A. L."]),
        (User("ada", groups=("adm", "sudo")), ADA, ["--append", "--groups", "sudo"]),
        (parse_user({"name": "ada", "shell": "/bin/bash"}), ADA, ["--shell", "/bin/bash"]),
        (User("ada"), replace(ADA, password="$6$x"), ["--lock"]),
        (User("ada"), replace(ADA, password=""), ["--lock"]),
        (User("ada"), replace(ADA, password="*"), []),
    ],
)
def test_only_what_differs_is_changed(user: User, account: Account, words: list[str]) -> None:
    assert change_of(user, account) == words


def test_root_keeps_its_password() -> None:
    root = Account("root", 0, 0, "", "/root", "/bin/sh", "root", frozenset(), "$6$x")

    assert change_of(User("root"), root) == []


def test_a_new_account_gets_a_home_and_a_shell() -> None:
    assert creation_of(User("ada", comment="Ada", groups=("adm", "sudo"))) == [
        *("--create-home", "--shell", "/bin/bash", "--comment", "Ada", "--groups", "adm,sudo")
    ]


@pytest.mark.parametrize(
    ("user", "account", "is_taken"),
    [
        (parse_user({"name": "ada", "shell": "/bin/sh"}), None, True),
        (parse_user({"name": "ada", "shell": "/bin/none"}), None, False),
        (User("ada", groups=("no-such-group",)), None, False),
        (User("ada", groups=("no-such-group",), is_present=False), ADA, True),
        # One that a directory keeps: its keys and rules are ours, all else is not.
        (User("ada", sudo=True, public_keys=(KEY,)), replace(ADA, password=None), True),
        (User("ada", comment="other"), replace(ADA, password=None), False),
        (User("ada", is_present=False), replace(ADA, password=None), False),
    ],
)
def test_what_this_host_cannot_give_is_refused(
    user: User, account: Account | None, *, is_taken: bool
) -> None:
    assert (not list(find_host_faults(user, account))) == is_taken


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the files of this host's accounts, beside those of a directory."""
    people = [
        pwd.struct_passwd((name, "x", uid, gid, "", f"/home/{name}", "/bin/sh"))
        for name, uid, gid in (("ops", 1001, 100), ("from-ldap", 5001, 5001))
    ]
    groups = [
        grp.struct_group((name, "x", gid, members))
        for name, gid, members in (("users", 100, []), ("sudo", 27, ["ops"]), ("adm", 4, ["dev"]))
    ]
    by_name = {one.pw_name: one for one in people}
    by_gid = {one.gr_gid: one for one in groups}
    monkeypatch.setattr(accounts.pwd, "getpwnam", by_name.__getitem__)
    monkeypatch.setattr(accounts.pwd, "getpwall", lambda: people)
    monkeypatch.setattr(accounts.grp, "getgrall", lambda: groups)
    monkeypatch.setattr(accounts.grp, "getgrgid", by_gid.__getitem__)
    for name in ("PASSWD", "SHADOW"):
        monkeypatch.setattr(accounts, name, tmp_path / name)
    (tmp_path / "PASSWD").write_text("root:x:0:0:::\nops:x:1001:100:::\n")
    (tmp_path / "SHADOW").write_text("root:*:1::::::\nops:!secret:1::::::\nbroken\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "password", "group"), [("ops", "!secret", "users"), ("from-ldap", None, "")]
)
@pytest.mark.usefixtures("database")
def test_only_an_account_of_this_host_has_a_password_here(
    name: str, password: str | None, group: str
) -> None:
    found = accounts.find_account(name)

    assert found
    assert (found.password, found.group, found.home) == (password, group, f"/home/{name}")


def test_without_a_shadow_the_password_is_where_it_was(database: Path) -> None:
    (database / "SHADOW").unlink()
    found = accounts.find_account("ops")

    assert found
    assert found.password == "x"


@pytest.mark.usefixtures("database")
def test_groups_are_the_own_one_and_those_that_name_the_account() -> None:
    assert accounts.find_account("nobody-of-that-name") is None
    assert accounts.groups_of("ops", 100) == {"users", "sudo"}
    assert accounts.list_groups() == {
        "ops": {"users", "sudo"},
        "from-ldap": set(),
        "dev": {"adm"},
    }


def test_a_number_may_have_no_name() -> None:
    own = pwd.getpwuid(os.geteuid()).pw_name

    assert accounts.list_names([os.geteuid(), 2**31 - 7, 2**70]) == [own]

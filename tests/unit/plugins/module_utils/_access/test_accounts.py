# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts as they should be: what is refused, and what makes them so."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.accounts import (
    Account,
    User,
    change_of,
    creation_of,
    find_faults,
    find_host_faults,
    parse_user,
)

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

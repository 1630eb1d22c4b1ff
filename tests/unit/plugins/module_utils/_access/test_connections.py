# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that fall into a Match block."""

from __future__ import annotations

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.connections import (
    matches,
    of_block,
)

BASE = {"user": "root", "addr": "192.0.2.1", "laddr": "192.0.2.9"}
ACCOUNTS = {
    "root": frozenset({"root"}),
    "backup": frozenset({"backup", "sftp"}),
    "ada": frozenset({"ada", "sftp", "adm"}),
}


@pytest.mark.parametrize(
    ("criteria", "users"),
    [
        ("User backup", ["backup"]),
        ("user=backup", ["backup"]),
        ("User b*,!backup", []),
        ("User *,!root", ["backup", "ada"]),
        ("User nobody-yet", ["nobody-yet"]),
        ("Group sftp", ["backup", "ada"]),
        ("Group sftp,!adm", ["backup"]),
        ("Group nobodies", []),
        ("User a* Group sftp", ["ada"]),
        ("Address 10.0.0.0/8", ["root"]),
        ("all", ["root"]),
        ("invalid-user User ada", ["ada"]),
    ],
)
def test_a_block_is_entered_by_the_accounts_that_it_names(criteria: str, users: list[str]) -> None:
    assert [spec["user"] for spec in of_block(criteria.split(), BASE, ACCOUNTS)] == users


@pytest.mark.parametrize(
    ("criteria", "key", "value"),
    [
        ("Address 10.0.0.0/8", "addr", "10.0.0.1"),
        ("Address 10.0.0.7/32", "addr", "10.0.0.7"),
        ("Address !10.0.0.7,fd00::/8", "addr", "fd00::1"),
        ("Address 10.0.*", "addr", "10.0.1"),
        ("LocalAddress 10.0.0.7", "laddr", "10.0.0.7"),
        ("LocalPort 2222", "lport", "2222"),
        ("Host *.example.org", "host", "x.example.org"),
        ("User root", "addr", "192.0.2.1"),
    ],
)
def test_a_block_is_entered_from_where_it_names(criteria: str, key: str, value: str) -> None:
    (spec,) = of_block(criteria.split(), BASE, ACCOUNTS)

    assert spec[key] == value


def test_a_bracket_is_no_pattern_of_sshd() -> None:
    assert not matches({"a"}, ["[a]"])
    assert matches({"[a]"}, ["[a]"])

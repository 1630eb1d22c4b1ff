# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sshd makes of its settings, beside what is wanted and who comes in."""

from __future__ import annotations

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.effective import (
    find_lockouts,
    find_overridden,
    has_other_proof,
    key_files,
    listens,
    parse,
)

OURS = parse("logingracetime 120\nallowusers root\nacceptenv LANG\nlistenaddress 10.0.0.1:22")


@pytest.mark.parametrize(
    ("keyword", "theirs", "is_overridden"),
    [
        ("LoginGraceTime", "logingracetime 120", False),
        ("LoginGraceTime", "logingracetime 30", True),
        ("LoginGraceTime", "", True),
        ("AllowUsers", "allowusers root", False),
        ("AllowUsers", "allowusers root\nallowusers eve", True),
        ("AcceptEnv", "acceptenv LANG\nacceptenv LC_*", False),
        ("AcceptEnv", "acceptenv LC_*", True),
        ("ListenAddress", "listenaddress 10.0.0.1:2222", False),
        ("ListenAddress", "listenaddress 10.0.0.2:22", True),
        ("Unknown", "", False),
    ],
)
def test_what_is_not_in_force_is_found(keyword: str, theirs: str, *, is_overridden: bool) -> None:
    found = list(find_overridden([keyword], OURS, parse(theirs)))

    assert bool(found) == is_overridden


def test_both_values_are_named() -> None:
    (found,) = find_overridden(["LoginGraceTime"], OURS, parse("logingracetime 30"))

    assert found == ("logingracetime", "120", "30")


@pytest.mark.parametrize(
    ("settings", "account", "is_out"),
    [
        ("", "root", False),
        ("permitrootlogin no", "root", True),
        ("permitrootlogin no", "deploy", False),
        ("pubkeyauthentication no", "deploy", True),
        ("allowusers root", "deploy", True),
        ("allowusers root\nallowusers deploy", "deploy", False),
        ("allowusers deploy@10.0.0.0/8", "deploy", False),
        ("allowusers dep*", "deploy", False),
        ("allowusers ada@example.org", "ada@example.org", False),
        ("allowusers de?loy", "deploy", False),
        ("allowusers !deploy", "deploy", True),
        ("allowusers root@10.0.0.0/8", "deploy", True),
        ("allowgroups ops", "deploy", False),
        ("allowgroups o*", "deploy", False),
        ("allowgroups admins", "deploy", True),
        ("denyusers deploy", "deploy", True),
        ("denyusers dep*", "deploy", True),
        # Whether it comes from there, only a connection shows.
        ("denyusers deploy@192.0.2.1", "deploy", False),
        ("denyusers root", "deploy", False),
        ("denygroups ops", "deploy", True),
        ("denygroups admins", "deploy", False),
    ],
)
def test_only_a_certain_lockout_is_refused(settings: str, account: str, *, is_out: bool) -> None:
    assert bool(list(find_lockouts(parse(settings), account, {"ops"}))) == is_out


@pytest.mark.parametrize(
    ("lines", "address", "port", "is_open"),
    [
        ("listenaddress 0.0.0.0:22", "10.0.0.1", 22, True),
        ("listenaddress 0.0.0.0:22", "10.0.0.1", 2222, False),
        ("listenaddress 0.0.0.0:22\nlistenaddress 0.0.0.0:2222", "10.0.0.1", 2222, True),
        ("listenaddress 10.0.0.1:22", "10.0.0.1", 22, True),
        ("listenaddress 127.0.0.1:22", "10.0.0.1", 22, False),
        ("listenaddress [::]:22", "10.0.0.1", 22, False),
        ("listenaddress [::]:22", "fd00::1", 22, True),
        ("listenaddress [fd00::1]:22", "fd00::1", 22, True),
        ("listenaddress [fe80::1%eth0]:22", "fe80::1", 22, True),
        ("listenaddress 0.0.0.0:22", "fd00::1", 22, False),
    ],
)
def test_where_sshd_listens_is_known(lines: str, address: str, port: int, *, is_open: bool) -> None:
    assert listens(parse(lines), address, port) == is_open


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (".ssh/a .ssh/b", ["/home/ada/.ssh/a", "/home/ada/.ssh/b"]),
        ("/etc/ssh/keys/%u", ["/etc/ssh/keys/ada"]),
        ("%h/keys /k/%U", ["/home/ada/keys", "/k/1001"]),
        ("/k/%%u", ["/k/%u"]),
        ("none", []),
    ],
)
def test_keys_are_where_sshd_looks(files: str, expected: list[str]) -> None:
    settings = parse(f"authorizedkeysfile {files}")

    assert key_files(settings, "ada", 1001, "/home/ada") == expected


@pytest.mark.parametrize(
    ("settings", "is_proof"),
    [
        ("trustedusercakeys none\nauthorizedkeyscommand none\ngssapiauthentication no", False),
        ("trustedusercakeys /etc/ssh/ca.pub", True),
        ("authorizedkeyscommand /usr/bin/sss_ssh_authorizedkeys", True),
        ("gssapiauthentication yes", True),
        ("", False),
    ],
)
def test_who_has_no_file_of_keys_may_come_in_otherwise(settings: str, *, is_proof: bool) -> None:
    assert has_other_proof(parse(settings)) == is_proof

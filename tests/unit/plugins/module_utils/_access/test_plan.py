# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done on a host, and what is refused, from files of a folder."""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access import (
    accounts,
    effective,
    plan,
    sudo,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.accounts import (
    Account,
    User,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.plan import Wanted
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.sshd import Trial
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.ssh_connection import (
    Connection,
)

ADA_KEY, EVE_KEY = (f"ssh-ed25519 AAAA{letter * 60}" for letter in "ab")
SETTINGS = effective.parse(
    "authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2\n"
    "pubkeyauthentication yes\nlistenaddress 0.0.0.0:22"
)
CAME = Connection("192.0.2.1", "192.0.2.9", 22)
ELSEWHERE = CAME._replace(port=2222)
DIGEST = "d1"


class Host:
    """A host that is asked, and nothing is done to."""

    def __init__(self) -> None:
        self.digest, self.socket = DIGEST, False
        self.sudoers = "@includedir /etc/sudoers.d\n"
        self.programs: t.Collection[str] = ("visudo",)

    def has(self, program: str) -> bool:
        return program in self.programs

    def read_digest(self) -> str:
        return self.digest

    def uses_socket(self) -> bool:
        return self.socket

    def read_sudoers(self) -> str:
        return self.sudoers


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Account]:
    """Return the accounts of the host, whose homes and files are in a folder."""
    found = {}
    for name in ("ops", "ada", "eve"):
        home = tmp_path / name
        (home / ".ssh").mkdir(parents=True)
        own = (os.geteuid(), os.getegid())
        fields = (name, *own, "", str(home), "/bin/sh", name, frozenset({name}), "!")
        found[name] = Account(*fields)
    monkeypatch.setattr(accounts, "find_account", found.get)
    # Whoever runs the tests owns what is root's on a host.
    monkeypatch.setattr(plan, "ROOT", (os.geteuid(), os.getegid()))
    monkeypatch.setattr(sudo, "PATH", str(tmp_path / "sudoers"))
    monkeypatch.setattr(plan, "DROP_IN", str(tmp_path / "drop-in"))
    (tmp_path / "drop-in").write_text("text\n", encoding="utf-8")
    (tmp_path / "drop-in").chmod(0o644)
    keys(found["ops"]).write_text(f"{ADA_KEY}\n", encoding="utf-8")
    return found


def keys(account: Account, name: str = "authorized_keys") -> Path:
    """Return the file of an account's keys."""
    return Path(account.home) / ".ssh" / name


def wanted(*users: User, **more: t.Any) -> Wanted:
    """Return that these users may log in, as Ansible does by the account ops."""
    return Wanted("ops", users, "text\n", connection=CAME, **more)


def trial_of(what: Wanted, settings: effective.Settings | None = None) -> Trial:
    """Return that sshd has the same settings for everybody."""
    settings = SETTINGS if settings is None else settings
    return Trial(settings, {user.name: settings for user in what.users}, (), DIGEST)


def make(*users: User, host: Host | None = None) -> plan.Plan:
    """Return what has to be done."""
    what = wanted(*users)
    return plan.make(t.cast("t.Any", host or Host()), what, trial_of(what))


def refusals(
    what: Wanted, settings: effective.Settings | None = None, host: Host | None = None
) -> list[str]:
    """Return why nothing may be done."""
    found = plan.find_refusals(t.cast("t.Any", host or Host()), what, trial_of(what, settings))
    return list(found)


@pytest.mark.usefixtures("people")
def test_a_host_that_is_as_it_should_be_needs_nothing() -> None:
    work = make(User("ada"))

    assert (work.changes, work.needs_trial, work.leavers) == ([], False, [])


@pytest.mark.usefixtures("people")
def test_settings_that_sshd_has_not_read_are_a_change() -> None:
    host = Host()
    host.digest = "another"

    work = make(host=host)

    assert (work.reloads_sshd, work.needs_trial) == (True, True)
    assert "sshd: has not read its current settings" in work.changes


def test_keys_are_added_to_the_first_file_and_taken_out_of_all(
    people: dict[str, Account],
) -> None:
    first, second = keys(people["ada"]), keys(people["ada"], "authorized_keys2")
    first.write_text(f"{EVE_KEY}\n", encoding="utf-8")
    second.write_text(f"{EVE_KEY}\n", encoding="utf-8")

    added = list(plan.plan_keys(User("ada", public_keys=(ADA_KEY,)), people["ada"], SETTINGS))
    only = User("ada", public_keys=(ADA_KEY,), only_these_keys=True)
    exclusive = list(plan.plan_keys(only, people["ada"], SETTINGS))
    untouched = list(plan.plan_keys(User("ada"), people["ada"], SETTINGS))

    assert [(w.after.path, w.after.content) for w in added] == [
        (str(first), f"{EVE_KEY}\n{ADA_KEY}\n".encode())
    ]
    assert [(w.after.path, w.after.content) for w in exclusive] == [
        (str(first), f"{ADA_KEY}\n".encode()),
        (str(second), b""),
    ]
    assert untouched == []


def test_who_leaves_loses_keys_and_rules_without_a_trial_for_the_others(
    people: dict[str, Account],
) -> None:
    Path(sudo.PATH).write_text(sudo.render(["ada", "eve"]), encoding="utf-8")
    keys(people["eve"], "authorized_keys2").write_text(f"{EVE_KEY}\n", encoding="utf-8")

    work = make(User("ada", sudo=True), User("eve", is_present=False))

    after = {write.after.path: write.after.content for write in work.leaver_files}
    assert [account.name for account in work.leavers] == ["eve"]
    assert after == {
        sudo.PATH: sudo.render(["ada"]).encode(),
        str(keys(people["eve"], "authorized_keys2")): None,
    }
    assert sudo.PATH not in [write.after.path for write in work.writes]


@pytest.mark.usefixtures("people")
def test_who_is_new_is_created_and_has_no_file_yet() -> None:
    work = make(User("bob", public_keys=(ADA_KEY,)))

    assert [user.name for user in work.created] == ["bob"]
    assert work.changes[:2] == ["bob: created", "bob: keys"]


@pytest.mark.usefixtures("people")
def test_rules_are_there_only_for_somebody() -> None:
    Path(sudo.PATH).write_text(sudo.render(["ada"]), encoding="utf-8")

    taken, given = make(User("ada")), make(User("ada"), User("ops", sudo=True))

    assert [w.after.content for w in taken.writes if w.after.path == sudo.PATH] == [None]
    assert taken.find_rules() == ""
    assert given.find_rules() == sudo.render(["ops"])


@pytest.mark.parametrize(
    ("what", "settings", "reason"),
    [
        (wanted(), "", None),
        (wanted(User("ops", public_keys=(), only_these_keys=True)), "", "ops has no valid key"),
        (wanted(User("ops", public_keys=(EVE_KEY,), only_these_keys=True)), "", None),
        (
            wanted(User("ops", public_keys=(), only_these_keys=True)),
            "\ntrustedusercakeys /etc/ssh/ca.pub",
            None,
        ),
        (replace(wanted(), account="nobody-there"), "", "there is no account nobody-there"),
        (replace(wanted(), connection=ELSEWHERE), "", "port 2222 any more"),
        (replace(wanted(), connection=None), "", None),
        (wanted(), "\nallowgroups admins", "ops would be locked out"),
        (wanted(User("ops", groups=("root",))), "\nallowgroups root", None),
    ],
)
@pytest.mark.usefixtures("people")
def test_what_locks_out_ansible_for_certain_is_refused(
    what: Wanted, settings: str, reason: str | None
) -> None:
    lines = "\n".join(f"{key} {' '.join(value)}" for key, value in SETTINGS.items())

    found = refusals(what, effective.parse(lines + settings))

    assert len(found) == (reason is not None), found
    assert reason is None or reason in found[0]


@pytest.mark.usefixtures("people")
def test_a_socket_decides_where_sshd_listens() -> None:
    host = Host()
    host.socket = True
    elsewhere = replace(wanted(), connection=ELSEWHERE)
    asked = replace(elsewhere, sshd_keywords=frozenset({"port"}))

    assert refusals(elsewhere, host=host) == []
    (reason,) = refusals(asked, host=host)
    assert "ListenStream=" in reason


@pytest.mark.usefixtures("people")
def test_rules_that_sudo_would_not_read_are_refused() -> None:
    host = Host()
    host.sudoers = "root ALL=(ALL) ALL\n"

    assert refusals(wanted(), host=host) == []
    (reason,) = refusals(wanted(User("ada", sudo=True)), host=host)
    assert "@includedir /etc/sudoers.d" in reason


@pytest.mark.usefixtures("people")
def test_a_host_without_sudo_is_not_refused_for_its_file() -> None:
    host = Host()
    host.sudoers, host.programs = "", ()

    assert refusals(wanted(User("ada", sudo=True)), host=host) == []


@pytest.mark.usefixtures("people")
def test_keys_that_sshd_looks_for_nowhere_are_refused() -> None:
    settings = {**SETTINGS, "authorizedkeysfile": ["none"], "trustedusercakeys": ["/ca.pub"]}

    (reason,) = refusals(wanted(User("ada", public_keys=(ADA_KEY,))), settings)

    assert "sshd looks for keys in no file" in reason


def test_keys_of_an_account_without_a_home_are_refused(people: dict[str, Account]) -> None:
    what = wanted(User("ada", public_keys=(ADA_KEY,)))
    people["ada"] = replace(people["ada"], home="/nonexistent")
    elsewhere = {**SETTINGS, "authorizedkeysfile": ["/etc/ssh/keys/%u"]}

    (reason,) = refusals(what)

    assert "its home /nonexistent is not there" in reason
    assert refusals(what, {**elsewhere, "trustedusercakeys": ["/ca.pub"]}) == []

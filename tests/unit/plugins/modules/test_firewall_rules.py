# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a host, previewed, tried out, confirmed, kept, refused and removed."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.modules import firewall_rules

SSH: dict[str, t.Any] = {"comment": "ssh from any", "tcp": ["22"]}
WEB: dict[str, t.Any] = {"comment": "web from any", "tcp": ["80"]}
Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run(run_host_module: t.Callable[..., t.Any], firewall_host: t.Any) -> Run:
    """Return the runner of the module on the host, with --diff."""
    del firewall_host  # The module runs on it.
    return lambda **options: run_host_module(firewall_rules, _ansible_diff=True, **options)


@pytest.fixture
def guarded(run: Run, firewall_host: t.Any) -> t.Any:
    """Return the host with confirmed rules that let SSH in."""
    assert run(rules=[SSH])["firewall"]["change"] == "trial"
    first, firewall_host.connection = firewall_host.connection, "192.0.2.1 50001 192.0.2.10 22"
    assert run(state="confirmed", change="trial")["changed"]
    assert first != firewall_host.connection
    return firewall_host


def test_check_mode_shows_the_table_and_changes_nothing(run: Run, firewall_host: t.Any) -> None:
    preview = run(rules=[SSH], _ansible_check_mode=True)

    assert (preview["changed"], preview["changes"]) == (True, ["table: replaced"])
    assert preview["diff"]["before"] == ""
    assert "tcp dport { 22 } accept" in preview["diff"]["after"]
    assert (firewall_host.running, firewall_host.pending) == ("", None)


def test_new_rules_run_as_a_trial_and_are_saved_once_confirmed(
    run: Run, firewall_host: t.Any
) -> None:
    started = run(rules=[SSH])
    on_trial = (firewall_host.saved, firewall_host.unit)
    stale = run(state="confirmed", change="trial")
    firewall_host.connection = "192.0.2.1 50001 192.0.2.10 22"
    confirmed = run(state="confirmed", change="trial")

    assert (started["changed"], started["firewall"]["change"]) == (True, "trial")
    assert started["firewall"]["controller"] == "192.0.2.1"
    assert on_trial == (None, False)
    assert stale["code"] == "not_fresh"
    assert confirmed["changed"]
    assert firewall_host.saved == firewall_host.running == started["diff"]["after"]
    assert (firewall_host.pending, firewall_host.unit) == (None, True)


def test_a_second_run_changes_nothing(run: Run, guarded: t.Any) -> None:
    again = run(rules=[SSH])

    assert (again["changed"], again["changes"]) == (False, [])
    assert "diff" not in again
    assert again["firewall"]["table"] == guarded.running


@pytest.mark.parametrize(
    ("wanted", "in_force"),
    [
        ("tcp dport { 22 } accept", "tcp dport 9999 accept\n\t\ttcp dport { 22 } accept"),
        ("tcp dport { 22 } accept", "meta nfproto ipv6 accept\n\t\ttcp dport { 22 } accept"),
        ("tcp dport { 22 } accept", "tcp dport { 22, 23 } accept"),
        ("policy drop", "policy accept"),
        ("table inet quartermaster {", "table ip quartermaster {"),
        ("invalid : drop", "invalid : accept"),
    ],
)
def test_a_preview_reports_what_is_in_force_where_it_is_not_what_is_wanted(
    run: Run, guarded: t.Any, wanted: str, in_force: str
) -> None:
    """The role's verify fails on each change that a preview reports."""
    kept = guarded.running
    guarded.running = changed = kept.replace(wanted, in_force)
    assert changed != kept

    found = run(rules=[SSH], _ansible_check_mode=True)

    assert found["changes"] == ["table: replaced"]
    assert (found["diff"]["before"], found["diff"]["after"]) == (changed, kept)
    assert (guarded.running, guarded.saved, guarded.pending) == (changed, kept, None)


def test_a_unit_that_is_gone_is_enabled_again(run: Run, guarded: t.Any) -> None:
    guarded.unit = False

    repaired = run(rules=[SSH])

    assert (repaired["changed"], repaired["changes"]) == (True, ["unit: enabled"])
    assert guarded.unit


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"rules": [WEB]}, "locked_out"),
        ({"rules": [SSH], "confirm_timeout": 4}, "refused"),
        ({"rules": [{**SSH, "tcp": ["0"]}]}, "refused"),
        ({"state": "confirmed", "change": "another"}, "rolled_back"),
    ],
)
def test_what_is_refused_has_a_code_and_changes_nothing(
    run: Run, guarded: t.Any, options: dict[str, t.Any], code: str
) -> None:
    before = (guarded.running, guarded.saved, guarded.pending)

    failed = run(**options)

    assert (failed["failed"], failed["code"]) == (True, code)
    assert (guarded.running, guarded.saved, guarded.pending) == before


def test_a_folder_that_others_can_change_is_refused(run: Run, firewall_host: t.Any) -> None:
    firewall_host.is_open_to_others = True

    assert run(rules=[SSH])["code"] == "unsafe_file"


def test_absent_removes_the_firewall_once(run: Run, guarded: t.Any) -> None:
    table = guarded.running
    preview = run(state="absent", _ansible_check_mode=True)
    assert guarded.running == table

    removed, again = run(state="absent"), run(state="absent")

    assert (preview["changed"], preview["diff"]["after"]) == (True, "")
    assert (removed["changes"], removed["firewall"]) == (["table: removed"], None)
    assert (again["changed"], again["changes"]) == (False, [])
    assert (guarded.running, guarded.saved, guarded.unit) == ("", None, False)


def test_a_host_without_nftables_is_refused_with_the_package(
    run: Run, firewall_host: t.Any
) -> None:
    firewall_host.has = lambda _tool: False

    refused, preview = run(rules=[SSH]), run(rules=[SSH], _ansible_check_mode=True)

    assert (refused["failed"], refused["code"]) == (True, "tool_missing")
    assert refused["packages"] == preview["packages"] == ["nftables"]
    assert preview["changes"] == ["table: replaced"]
    assert firewall_host.running == ""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that lock us out, a line that drops, a run that is killed, a boot, and others' tables."""

from __future__ import annotations

import configparser
import subprocess
import time
import typing as t

import pytest

from tests.e2e.firewall.conftest import lock_out, wait_for
from tests.e2e.killed_runs import kill_run
from tests.e2e.role_on_hosts import ROOT

pytestmark = pytest.mark.hosts

# A trial that must still last when it is seen, on a machine that has other things to do.
TRIAL_S = 20
NO_END_S = 600
FOREIGN = (
    "nft 'table ip foreign { set s { type ipv4_addr; elements = { 192.0.2.7 }; };"
    " chain in { type filter hook input priority 5; ip saddr @s drop; }; }'"
)
OTHERS = "nft -s list ruleset 2>/dev/null | sed '/^table inet quartermaster/,/^}/d'"


def start_trial(guarded: t.Any, confirm_timeout_s: int) -> subprocess.Popen[str]:
    """Start a run whose rules lock us out; return it when they are in use, on trial."""
    before = guarded.table()
    process: subprocess.Popen[str] = guarded.start(**lock_out(confirm_timeout_s=confirm_timeout_s))
    wait_for(lambda: guarded.is_pending() and guarded.table() != before, 120)
    return process


def test_rules_that_lock_us_out_are_taken_back_by_the_host(guarded: t.Any) -> None:
    before = guarded.table()

    code, output = guarded.run(**lock_out())
    again = guarded.run()

    assert code == 2, output
    assert "rolled_back" in output
    assert guarded.table() == before
    assert again[0] == 0
    assert "changed=0" in again[1], again[1]


def test_the_controllers_own_address_is_checked_before_anything_changes(guarded: t.Any) -> None:
    before = guarded.table()

    code, output = guarded.run(firewall_ssh_sources=["192.0.2.1"])

    assert code == 2
    assert "locked_out" in output
    assert (guarded.table(), guarded.is_pending()) == (before, False)


def test_a_run_killed_before_it_confirmed_is_taken_back_in_time(guarded: t.Any) -> None:
    before = guarded.table()
    process = start_trial(guarded, TRIAL_S)

    kill_run(process)
    killed = time.monotonic()
    wait_for(lambda: not guarded.is_pending(), TRIAL_S + 30)
    code, output = guarded.run()

    assert time.monotonic() - killed < 60
    assert guarded.table() == before
    assert code == 0, output


def test_a_run_after_a_killed_one_does_not_wait_for_the_timer(guarded: t.Any) -> None:
    before = guarded.table()
    kill_run(start_trial(guarded, NO_END_S))
    # Somebody at the console lets us in again, ten minutes before the timer would.
    guarded.sh("nft insert rule inet quartermaster input tcp dport 22 accept")
    code, output = guarded.run()

    assert code == 0, output
    assert guarded.table() == before
    assert not guarded.is_pending()
    assert "rollback" not in guarded.sh("systemctl list-timers --all")


def test_the_line_drops_in_the_middle(guarded: t.Any) -> None:
    before = guarded.table()
    process = start_trial(guarded, TRIAL_S)

    guarded.network.disconnect(guarded.container)
    wait_for(lambda: not guarded.is_pending(), TRIAL_S + 30)
    restored = guarded.table()
    guarded.network.connect(guarded.container, ipv4_address=guarded.address)
    kill_run(process)
    code, output = guarded.run()

    assert restored == before
    assert code == 0, output


def test_a_host_that_goes_down_is_given_up_and_learns_when_it_is_back(
    guarded: t.Any, stranger: t.Any
) -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "ansible.cfg")
    # As in use, but for a line that is asked each second.
    asked_s = "ServerAliveInterval=15", "ServerAliveInterval=1"
    hasty = {"ansible_ssh_args": settings["ssh_connection"]["ssh_args"].replace(*asked_s)}
    first = stranger.run(guarded, **hasty)
    before = guarded.table()

    stranger.container.pause()
    try:
        code, output = stranger.run(guarded, **hasty, firewall_outbound="drop")
    finally:
        stranger.container.unpause()
    again = stranger.run(guarded, **hasty, firewall_outbound="drop")
    stranger.ask(state="absent")

    assert first[0] == 0, first[1]
    assert code == 4, output
    assert output.count("unreachable=1") == 1, output
    assert guarded.table() != before
    assert again[0] == 0, again[1]
    assert (again[1].count("changed=0"), again[1].count("changed=1")) == (1, 1), again[1]


def test_tables_of_others_stay_as_they_are(guarded: t.Any) -> None:
    guarded.sh(FOREIGN)
    before = guarded.sh(OTHERS)

    changed = guarded.run(firewall_ssh_sources=["0.0.0.0/0"])
    guarded.run(**lock_out())

    assert changed[0] == 0, changed[1]
    assert "192.0.2.7" in before
    assert guarded.sh(OTHERS) == before
    guarded.sh("nft delete table ip foreign")


def test_the_firewall_stays_whatever_is_done_to_debians_unit_which_flushes_all(
    guarded: t.Any,
) -> None:
    before = guarded.table()
    verbs = ("start", "restart", "reload", "stop")

    after = {verb: guarded.sh(f"systemctl {verb} nftables") + guarded.table() for verb in verbs}

    assert after == dict.fromkeys(verbs, before)


def test_a_boot_in_the_middle_of_a_trial_loads_what_was_confirmed_last(guarded: t.Any) -> None:
    before = guarded.table()
    process = start_trial(guarded, NO_END_S)

    kill_run(process)
    guarded.container.restart()
    # Its bus answers only some moments later.
    boot = "systemctl is-system-running --wait"
    wait_for(lambda: guarded.sh(boot, check=False).strip() == "running", 60)

    assert "policy drop" in before
    assert guarded.table() == before
    assert not guarded.is_pending()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill -9 at each step of a change: the host takes it back by itself, or the next run ends it."""

from __future__ import annotations

import typing as t

import pytest

from tests.e2e.access.conftest import DROP_IN, STATE, SUDOERS

pytestmark = pytest.mark.hosts

BEFORE_ARMED = [f"after:replace {STATE}/snapshot.json", "before:run systemd-run"]
ARMED = ["after:run systemd-run", "after:run usermod", "before:reload_sshd", "after:reload_sshd"]
CONFIRMATION = [f"after:remove {STATE}/pending.json", "before:clean_up"]
#: Long enough that the timer does not end while the host is busy, where it is not what is tried.
LATE_S = 600


def change(host: t.Any, **more: t.Any) -> dict[str, t.Any]:
    """Return a change of all that the module keeps: a new account, a known one, rules and sshd."""
    users = [
        {"name": "ada", "sudo": True, "public_keys": [host.public_key("ada")]},
        {"name": "deploy", "comment": "Deployments", "groups": ["adm"], "shell": "/bin/bash"},
    ]
    return {"users": users, "sshd_options": {"MaxAuthTries": 3}, **more}


@pytest.fixture
def plain(kept: t.Any) -> t.Any:
    """Return the host with an account that has a password, before the change."""
    kept.keep(users=[{"name": "ada", "state": "absent"}])
    kept.sh("rm -rf /home/ada; userdel -rf deploy 2>/dev/null; useradd -m -s /bin/sh deploy")
    kept.sh("echo deploy:pw | chpasswd -c SHA256")
    return kept


@pytest.mark.parametrize("step", [*BEFORE_ARMED, *ARMED])
def test_a_change_killed_at_any_step_is_finished_by_the_next_run(plain: t.Any, step: str) -> None:
    wanted = change(plain, confirm_timeout=LATE_S)

    plain.ask(die=step, **wanted)
    timers = plain.sh("systemctl list-timers --all")
    plain.keep(**wanted)
    again = plain.ask(**wanted)

    assert ("quartermaster-access-rollback" in timers) == (step in ARMED)
    assert not again["changed"], again
    assert plain.comes_in("ada", key="ada")
    assert plain.comes_in()
    assert plain.sh(f"ls -A {STATE}").split() == ["sshd.digest"]


def test_a_change_killed_after_its_timer_is_taken_back_by_the_host(plain: t.Any) -> None:
    before = plain.access()

    plain.ask(die="after:reload_sshd", **change(plain, confirm_timeout=5))
    plain.sh(f"until test ! -e {STATE}/pending.json; do sleep 0.1; done")

    assert plain.access() == before
    assert plain.comes_in()


def test_a_boot_takes_a_change_back(plain: t.Any) -> None:
    before = plain.access()
    plain.ask(**change(plain, confirm_timeout=LATE_S))
    on_trial = plain.access()

    # What a boot does: the timer is gone, and the unit of the recovery comes before sshd.
    plain.container.restart()
    plain.sh("until systemctl -q is-active multi-user.target 2>/dev/null; do sleep 0.1; done")

    assert on_trial != before
    assert plain.access() == before
    assert not plain.is_pending()


@pytest.mark.parametrize("step", CONFIRMATION)
def test_a_confirmation_killed_at_any_step_keeps_the_change(plain: t.Any, step: str) -> None:
    wanted = change(plain, confirm_timeout=LATE_S)
    name = plain.ask(**wanted)["access"]["change"]

    plain.ask(die=step, state="confirmed", change=name)
    again = plain.ask(**wanted)

    assert not again["changed"], again
    assert "MaxAuthTries 3" in plain.sh(f"cat {DROP_IN}")
    assert "ada" in plain.sh(f"cat {SUDOERS}")
    assert plain.sh(f"ls -A {STATE}").split() == ["sshd.digest"]

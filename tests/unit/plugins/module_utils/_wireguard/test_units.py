# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The units of a rotation: for whom they run, and that they run before anything depends on them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import units

if t.TYPE_CHECKING:
    from pathlib import Path

PAIRS = [("b", "a"), ("d", "c")]
UNIT = "quartermaster-wireguard-follow-wg0.service"
TIMER = "quartermaster-wireguard-reversal-wg0"


class Host:
    """A host with units."""

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.asked: list[str] = []
        self.systemd = True
        self.starts = True

    def has_systemd(self) -> bool:
        return self.systemd

    def is_active(self, unit: str) -> bool:
        return unit in self.running

    def start_unit(self, unit: str, *words: str) -> None:
        self.asked.append(f"start {unit} {' '.join(words)}")
        if self.starts:
            self.running |= {unit, unit.replace(".service", ".timer")}

    def stop_unit(self, unit: str) -> None:
        self.asked.append(f"stop {unit}")
        self.running.discard(unit)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(units, "RUN", tmp_path / "run")
    return Host()


def follower(host: Host) -> units.Follower:
    return units.Follower(t.cast("t.Any", host), "wg0")


def test_whom_it_follows_is_known_until_it_ends(host: Host) -> None:
    one = follower(host)
    assert one.is_following([])
    assert not one.is_following(PAIRS)

    one.follow(PAIRS, 60)

    assert one.is_following(PAIRS)
    assert one.is_following([("c", "d"), ("a", "b")]), "the order says nothing"
    assert not one.is_following(PAIRS[:1])
    assert not one.is_following([])
    one.end()
    assert one.is_following([])
    assert not host.is_active(UNIT)


def test_a_follower_that_has_ended_follows_nobody(host: Host) -> None:
    one = follower(host)
    one.follow(PAIRS, 60)
    host.running.clear()

    assert not one.is_following(PAIRS)


def test_it_is_started_anew_with_its_program_and_its_time(host: Host) -> None:
    follower(host).follow(PAIRS, 60)

    stop, start = host.asked
    assert stop == f"stop {UNIT}"
    assert start.startswith(f"start {UNIT} -- ")
    assert start.endswith(f" -I {units.RUN}/follow.py wg0 {units.RUN}/wg0.pairs 60")
    assert "def " in (units.RUN / "follow.py").read_text()


def test_without_systemd_nobody_can_be_followed(host: Host) -> None:
    host.systemd = False

    with pytest.raises(Failure, match="needs systemd"):
        follower(host).follow(PAIRS, 60)

    assert not units.RUN.exists()


def test_the_timer_runs_anew_and_puts_the_key_of_the_file_back(host: Host, tmp_path: Path) -> None:
    timer = units.RollbackTimer(t.cast("t.Any", host), "wg0")

    timer.arm(tmp_path / "wg0.key", ["10.8.0.2"], 60)

    stop, start = host.asked
    assert stop == f"stop {TIMER}.timer"
    assert start.startswith(
        f"start {TIMER}.service --timer-property=AccuracySec=100ms --on-active=60s "
    )
    assert f"wg set wg0 private-key {tmp_path}/wg0.key || exit 1" in start
    assert start.endswith("ping -n -q -c 1 -W 1 10.8.0.2 >/dev/null 2>&1 & wait")
    timer.disarm()
    assert not timer._host.is_active(f"{TIMER}.timer")


def test_a_timer_that_does_not_run_is_a_failure(host: Host, tmp_path: Path) -> None:
    host.starts = False

    with pytest.raises(Failure, match="does not run; nothing was changed"):
        units.RollbackTimer(t.cast("t.Any", host), "wg0").arm(tmp_path, [], 60)

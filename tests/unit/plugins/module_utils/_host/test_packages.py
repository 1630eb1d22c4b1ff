# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What apt-get(8) prints, and what becomes of it."""

from __future__ import annotations

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host import packages
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.packages import (
    PackageHost,
    Steps,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure

SIMULATED = """\
Reading package lists...
The following packages will be REMOVED:
  systemd-timesyncd
Remv systemd-timesyncd [252.38-1~deb12u1]
Inst chrony (4.3-2+deb12u1 Debian:12.11/oldstable [amd64])
Inst libx (1 Debian:12.11/oldstable [amd64])
Conf chrony (4.3-2+deb12u1 Debian:12.11/oldstable [amd64])
"""
DEAD = "W: Failed to fetch http://127.0.0.1:9/x  Could not connect\nW: Some index files failed\n"
LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)\n"

Answer = tuple[int, str, str]


class Apt(PackageHost):
    """A host whose apt-get gives the answers of a test, in order; the last one is repeated."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, ...]] = []

    def call(self, *command: str, data: str | None = None) -> Answer:
        assert data is None
        self.asked.append(command)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_the_steps_of_an_installation_are_read_from_its_simulation() -> None:
    host = Apt((0, SIMULATED, ""))

    assert host.plan(["chrony"], []) == Steps(["chrony", "libx"], ["systemd-timesyncd"])
    assert {"--simulate", "--no-install-recommends"} <= set(host.asked[0])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((0, "", ""), []),
        ((0, "", DEAD), ["Failed to fetch http://127.0.0.1:9/x  Could not connect",
                         "Some index files failed"]),
        ((100, "", "odd words"), ["exit status 100"]),
    ],
)  # fmt: skip
def test_lists_that_could_not_be_brought_up_to_date_give_the_reason(
    answer: Answer, expected: list[str]
) -> None:
    assert Apt(answer).refresh_lists() == expected


def test_another_program_that_updates_the_lists_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(packages.time, "sleep", pauses.append)
    host = Apt((100, "", LOCKED), (100, "", LOCKED), (0, "", ""))

    assert host.refresh_lists() == []
    assert pauses == [packages.POLL_S] * 2


def test_a_lock_that_stays_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(packages.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(packages.time, "sleep", lambda pause: now.__setitem__(0, now[0] + pause))

    (problem,) = Apt((100, "", LOCKED)).refresh_lists()

    assert "held by process 7" in problem
    assert packages.LOCK_TIMEOUT_S < now[0] <= packages.LOCK_TIMEOUT_S + packages.POLL_S


def test_a_failure_names_packages_reasons_and_the_next_step() -> None:
    host = Apt((100, "", "E: Unable to locate package x\nE: Unable to locate package x\n"))

    with pytest.raises(Failure) as raised:
        host.plan(["x", "y"], ["Failed to fetch z"])

    assert raised.value.code == "not_installed"
    assert str(raised.value).startswith(
        "x, y could not be installed: Unable to locate package x; Failed to fetch z. "
    )
    assert "apt-get update" in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((100, "", "E: Sub-process failed\n"), "Sub-process failed"),
        ((1, "", "dpkg: error processing x\n"), "error processing x"),
        ((1, "only this", ""), "only this"),
    ],
)
def test_an_installation_that_fails_gives_its_words(answer: Answer, reason: str) -> None:
    with pytest.raises(Failure, match=reason):
        Apt(answer).install(["x"])


def test_nobody_is_asked_and_changed_settings_stay() -> None:
    host = Apt((0, "", ""))

    host.install(["x"])
    host.finish_interrupted()

    for command in host.asked:
        assert "DEBIAN_FRONTEND=noninteractive" in command
        assert any("force-confold" in word for word in command)
    assert host.asked[1][-2:] == ("--configure", "--pending")

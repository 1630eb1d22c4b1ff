# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host is: its distribution, units in the words of systemctl, packages in those of dpkg."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host import host as hosts
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.host import (
    Host,
    Unit,
    find_distribution,
)


class Speaking(Host):
    """A host whose programs print what a test gives; what they were asked is kept."""

    def __init__(self, out: str = "", code: int = 0) -> None:
        self.out = out
        self.code = code
        self.asked: list[tuple[str, ...]] = []

    def has(self, _program: str) -> bool:
        return True

    def call(self, *command: str, data: str | None = None) -> tuple[int, str, str]:
        assert data is None
        self.asked.append(command)
        return self.code, self.out, ""


@pytest.mark.parametrize(
    ("text", "name", "family"),
    [
        (
            'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
            "Debian GNU/Linux 12 (bookworm)",
            ["debian"],
        ),
        ("ID=ubuntu\nID_LIKE=debian\n", "ubuntu", ["ubuntu", "debian"]),
        ('ID="pop"\nID_LIKE="ubuntu debian"\n', "pop", ["pop", "ubuntu", "debian"]),
        ("# a comment\n\nNAME=x\n", "linux", ["linux"]),
    ],
)
def test_the_distribution_is_read(tmp_path: Path, text: str, name: str, family: list[str]) -> None:
    source = tmp_path / "os-release"
    source.write_text(text)

    assert find_distribution([tmp_path / "missing", source]) == (name, family)


def test_a_host_without_a_distribution_is_described_as_such(tmp_path: Path) -> None:
    assert find_distribution([tmp_path / "missing"]) == ("an unknown system", [])


def test_units_are_read_in_the_order_of_their_names() -> None:
    host = Speaking(
        "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\n"
        "LoadState=not-found\nActiveState=inactive\nUnitFileState=\n"
    )

    units = host.read_units(["a.service", "b.timer"])

    assert units == {
        "a.service": Unit("loaded", "enabled", "active"),
        "b.timer": Unit("not-found", "", "inactive"),
    }
    assert len(host.asked) == 1


def test_without_units_systemd_is_not_asked() -> None:
    host = Speaking()

    assert host.read_units([]) == {}
    assert host.asked == []


@pytest.mark.parametrize(
    ("unit", "holds"),
    [
        (Unit("loaded", "enabled", "active"), "found enabled active"),
        (Unit("loaded", "enabled-runtime", "activating"), "found enabled active"),
        (Unit("loaded", "static", "reloading"), "found enabled active"),
        (Unit("loaded", "disabled", "inactive"), "found"),
        (Unit("loaded", "disabled", "failed"), "found"),
        (Unit("loaded", "enabled", "deactivating"), "found enabled"),
        (Unit("masked", "masked", "inactive"), "found masked"),
        (Unit("masked", "masked-runtime", "active"), "found masked active"),
        (Unit("not-found", "", "inactive"), ""),
    ],
)
def test_the_states_of_a_unit(unit: Unit, holds: str) -> None:
    words = ("found", "masked", "enabled", "active")

    assert [word for word in words if getattr(unit, f"is_{word}")] == holds.split()


def test_packages_count_only_if_they_are_whole() -> None:
    host = Speaking("ii  sudo\nhi  held\nrc  gone\niU  unpacked\niiR broken\nun  never\n", code=1)

    names = ["held", "gone", "unpacked", "broken", "never", "sudo", "unheard-of"]

    assert host.find_installed(names) == ["held", "sudo"]


@pytest.mark.parametrize(
    ("entries", "expected"), [([], False), (["0001"], True), (["tmp.i"], False)]
)
def test_an_interrupted_dpkg_is_known_by_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: list[str], *, expected: bool
) -> None:
    monkeypatch.setattr(hosts, "DPKG_UPDATES", tmp_path)
    for entry in entries:
        (tmp_path / entry).touch()

    assert Speaking().is_dpkg_interrupted() is expected


def test_a_host_without_dpkg_is_not_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "DPKG_UPDATES", tmp_path / "missing")

    assert not Speaking().is_dpkg_interrupted()


@pytest.mark.parametrize("code", [0, 1])
def test_a_container_is_what_systemd_calls_one(code: int) -> None:
    assert Speaking(code=code).is_container() is (code == 0)


def test_the_lock_keeps_other_runs_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "RUN", tmp_path / "run")
    host = Speaking()
    host._module = t.cast("t.Any", type("Module", (), {"check_mode": False}))

    with host.locked():
        assert (tmp_path / "run").is_dir()

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages that lack, that conflict, and an installation that died."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.packages import Steps
from ansible_collections.quartermaster.fleet.plugins.modules import host_packages

Result = dict[str, t.Any]


class Packages:
    """What `_host.packages.PackageHost` does, without apt."""

    def __init__(self) -> None:
        self.installed: set[str] = {"sudo", "chrony"}
        self.interrupted = False
        self.problems: list[str] = []
        self.removed: list[str] = []
        self.done: list[str] = []

    def find_installed(self, names: list[str]) -> list[str]:
        return [name for name in names if name in self.installed]

    def is_dpkg_interrupted(self) -> bool:
        return self.interrupted

    def finish_interrupted(self) -> None:
        self.done.append("finished")

    def refresh_lists(self) -> list[str]:
        self.done.append("refreshed")
        return self.problems

    def plan(self, names: list[str], _problems: list[str]) -> Steps:
        return Steps([*names, "libx"], self.removed)

    def install(self, names: list[str]) -> None:
        self.done.append(f"installed {' '.join(names)}")


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Packages:
    host = Packages()
    monkeypatch.setattr(host_packages, "PackageHost", lambda _module: host)
    return host


@pytest.fixture
def run(run_host_module: t.Callable[..., Result]) -> t.Callable[..., Result]:
    return lambda **options: run_host_module(host_packages, _ansible_diff=True, **options)


def test_apt_is_not_asked_where_nothing_lacks(
    packages: Packages, run: t.Callable[..., Result]
) -> None:
    assert run(names=["sudo", "chrony"]) == {"failed": False, "changed": False, "changes": []}
    assert packages.done == []


def test_only_what_lacks_is_installed(packages: Packages, run: t.Callable[..., Result]) -> None:
    result = run(names=["sudo", "b", "a"])

    assert result["changes"] == ["a: installed", "b: installed", "libx: installed"]
    assert result["diff"]["after"] == "a\nb\nlibx\n"
    assert packages.done == ["refreshed", "installed a b"]


def test_a_preview_refreshes_the_lists_and_changes_nothing_else(
    packages: Packages, run: t.Callable[..., Result]
) -> None:
    packages.interrupted = True

    result = run(names=["a"], _ansible_check_mode=True)

    assert result["changes"] == [
        "dpkg: interrupted installation finished",
        "a: installed",
        "libx: installed",
    ]
    assert packages.done == ["refreshed"]


def test_an_interrupted_installation_is_finished_even_if_nothing_lacks(
    packages: Packages, run: t.Callable[..., Result]
) -> None:
    packages.interrupted = True

    assert run(names=["sudo"])["changed"]
    assert packages.done == ["finished"]


@pytest.mark.parametrize("allowed", [[], ["chrony"], ["chrony", "x"]])
def test_a_package_that_would_go_is_kept_unless_it_is_named(
    packages: Packages, run: t.Callable[..., Result], allowed: list[str]
) -> None:
    packages.removed = ["chrony", "x"]

    result = run(names=["a"], may_remove=allowed)

    assert result["failed"] is (len(allowed) < 2)
    if result["failed"]:
        assert result["code"] == "would_remove"
        assert ("apt would remove chrony, x" if not allowed else "remove x.") in result["msg"]
        assert packages.done == ["refreshed"]
    else:
        assert result["changes"][-2:] == ["chrony: removed", "x: removed"]


def test_lists_that_are_not_up_to_date_are_a_warning(
    packages: Packages, run: t.Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(host_packages.FleetModule, "__init__", _quiet(said))
    packages.problems = ["Failed to fetch x"]
    packages.removed = ["chrony"]

    run(names=["a"], may_remove=["chrony"])

    assert said == [
        "chrony conflicted with a and was removed, as may_remove allows",
        "some lists of packages are not up to date: Failed to fetch x",
    ]


def _quiet(said: list[str]) -> t.Callable[..., None]:
    """Return a constructor whose module keeps its warnings for the test."""
    real = host_packages.FleetModule.__init__

    def construct(self: t.Any) -> None:
        real(self)
        self.module.warn = said.append

    return construct

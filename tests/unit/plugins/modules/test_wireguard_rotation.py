# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the steps of a rotation return: keys, --diff and codes; test_rotation.py has the steps."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.secret_files import (
    InsecureFile,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    Invalid,
    fingerprint,
)
from ansible_collections.quartermaster.fleet.plugins.modules import wireguard_rotation

FORMER, NEXT = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=", "A" * 42 + "E="
Run = t.Callable[..., dict[str, t.Any]]


class FakeRotation:
    """A host on which the step `switched` gives the interface its next key."""

    keys: t.ClassVar[dict[str, str | None]]
    failures: t.ClassVar[list[Exception]]

    def __init__(self, _module: t.Any, change: t.Callable[..., t.Any]) -> None:
        for failure in self.failures:
            raise failure
        self._change = change

    def read_keys(self) -> dict[str, str | None]:
        return dict(self.keys)

    def go_to(self, state: str) -> None:
        if state == "switched" and self.keys["running"] != NEXT:
            self._change(self.keys.__setitem__, "running", NEXT)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, run_host_module: t.Callable[..., t.Any]) -> Run:
    """Return the runner of the module on a host with a next key, with --diff."""
    monkeypatch.setattr(wireguard_rotation, "Rotation", FakeRotation)
    FakeRotation.keys = {"present": FORMER, "next": NEXT, "running": FORMER}
    FakeRotation.failures = []
    return lambda **options: run_host_module(wireguard_rotation, _ansible_diff=True, **options)


def test_check_mode_reports_a_change_and_makes_none(run: Run) -> None:
    preview = run(state="switched", _ansible_check_mode=True)

    assert preview["changed"]
    assert preview["keys"]["running"] == FORMER == FakeRotation.keys["running"]


def test_a_step_is_taken_once_and_its_diff_has_fingerprints_alone(run: Run) -> None:
    switched, again = run(state="switched"), run(state="switched")

    assert (switched["changed"], switched["keys"]["running"]) == (True, NEXT)
    assert f"running: {fingerprint(FORMER)}\n" in switched["diff"]["before"]
    assert f"running: {fingerprint(NEXT)}\n" in switched["diff"]["after"]
    assert FORMER not in str(switched["diff"])
    assert NEXT not in str(switched["diff"])
    assert again["changed"] is False
    assert "diff" not in again


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Invalid("timeout 4 is not within 5 to 3600"), "refused"),
        (InsecureFile("/etc/wireguard can be changed by other users"), "unsafe_file"),
        (Failure("wg0 does not run", code="not_running"), "not_running"),
    ],
)
def test_a_failure_has_a_code_and_the_reason(run: Run, failure: Exception, code: str) -> None:
    FakeRotation.failures = [failure]

    failed = run(state="switched")

    assert (failed["failed"], failed["code"]) == (True, code)
    assert str(failure) in failed["msg"]

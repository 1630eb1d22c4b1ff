# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module inherits: further keys of its result, and failures with a code."""

from __future__ import annotations

import types
import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._host.secret_files import (
    InsecureFile,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import FleetModule


class Lamp(FleetModule):
    """A module that switches a lamp on."""

    represent = "lamp"

    def __init__(self) -> None:
        super().__init__()
        self.lit = False
        self.extra_results["changes"] = []

    def present(self) -> None:
        self.extra_results["changes"].append("lamp: lit")
        self._change(self._light)

    def guarded(self) -> None:
        raise InsecureFile("/etc/lamp.key is a link; remove it")

    def on_a_full_disk(self) -> None:
        raise OSError(28, "No space left on device", "/etc/lamp")

    def _light(self) -> None:
        self.lit = True

    def _prepare_result(self) -> str:
        return "on" if self.lit else "off"


def _run(run_host_module: t.Callable[..., t.Any], act: str, **options: t.Any) -> dict[str, t.Any]:
    def main() -> None:
        lamp = Lamp()
        lamp.run(getattr(lamp, act))

    return t.cast("dict[str, t.Any]", run_host_module(types.SimpleNamespace(main=main), **options))


def test_further_keys_are_returned_beside_the_resource(
    run_host_module: t.Callable[..., t.Any],
) -> None:
    result = _run(run_host_module, "present")

    assert result == {"failed": False, "changed": True, "lamp": "on", "changes": ["lamp: lit"]}


def test_check_mode_reports_the_change_and_makes_none(
    run_host_module: t.Callable[..., t.Any],
) -> None:
    result = _run(run_host_module, "present", _ansible_check_mode=True)

    assert result == {"failed": False, "changed": True, "lamp": "off", "changes": ["lamp: lit"]}


def test_an_insecure_file_fails_with_its_own_code(run_host_module: t.Callable[..., t.Any]) -> None:
    result = _run(run_host_module, "guarded")

    assert result == {
        "failed": True,
        "msg": "/etc/lamp.key is a link; remove it",
        "code": "unsafe_file",
    }


def test_an_error_of_the_system_fails_with_its_reason(
    run_host_module: t.Callable[..., t.Any],
) -> None:
    result = _run(run_host_module, "on_a_full_disk")

    assert result == {
        "failed": True,
        "msg": "[Errno 28] No space left on device: '/etc/lamp'",
        "code": "os_error",
    }

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as roles call it; its rules are tested with `_host/wanted_state`."""

from __future__ import annotations

import typing as t

from ansible_collections.quartermaster.fleet.plugins.modules import host_files


def test_files_units_and_settings_are_kept_by_one_call(
    run_host_module: t.Callable[..., t.Any], unit_host: t.Any
) -> None:
    unit_host.unit("a.timer", file="disabled", active="inactive")
    path = unit_host.folder / "etc" / "a"
    options = {
        "files": [{"path": str(path), "content": "x\n", "mode": "0600"}],
        "units": [{"name": "a.timer", "enabled": True, "active": True}],
    }

    first, second = (run_host_module(host_files, **options) for _run in range(2))

    assert first == {
        "failed": False,
        "changed": True,
        "changes": [f"{path}: written (missing)", "a.timer: enabled", "a.timer: started"],
    }
    assert second == {"failed": False, "changed": False, "changes": []}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_kernel_setting_that_is_none_is_refused(
    run_host_module: t.Callable[..., t.Any], unit_host: t.Any
) -> None:
    path = unit_host.folder / "a"
    files = [{"path": str(path), "content": "x"}]

    refused = run_host_module(host_files, files=files, sysctl={"kernel.no_such": 1})

    assert refused["code"] == "refused"
    assert "kernel.no_such cannot be read (No such file or directory)" in refused["msg"]
    assert not path.exists()


def test_without_options_there_is_nothing_to_do(
    run_host_module: t.Callable[..., t.Any], unit_host: t.Any
) -> None:
    assert not run_host_module(host_files)["changed"]
    assert unit_host.log == []

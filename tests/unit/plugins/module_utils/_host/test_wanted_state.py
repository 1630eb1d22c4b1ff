# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files, units and kernel settings as one: what is changed, in which order, and what is refused."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.modules import host_files

Result = dict[str, t.Any]
UNIT = "logs.service"


class Module:
    """The module with one file and one unit that reads it."""

    def __init__(self, run: t.Callable[..., Result], host: t.Any) -> None:
        self._run = run
        self.host = host
        self.etc: Path = host.folder / "etc"
        host.unit(UNIT)

    def run(self, text: str | None = "a\n", *, check: bool = False, **unit: t.Any) -> Result:
        """Run it; `unit` are further options of the unit."""
        return self.raw(
            files=[{"path": str(self.etc / "a.conf"), "content": text}],
            units=[{"name": UNIT, "reads": [str(self.etc / "*.conf")], **unit}],
            check=check,
        )

    def raw(self, *, check: bool = False, **options: t.Any) -> Result:
        """Run it with all options as they are given."""
        return self._run(host_files, _ansible_check_mode=check, _ansible_diff=True, **options)


@pytest.fixture
def module(run_host_module: t.Callable[..., Result], unit_host: t.Any) -> Module:
    return Module(run_host_module, unit_host)


def test_a_second_run_changes_nothing(module: Module) -> None:
    first, second = module.run(), module.run()

    assert first["changes"] == [
        f"{module.etc}/a.conf: written (missing)",
        f"{UNIT}: restarted, for its files changed",
    ]
    assert (second["changed"], second["changes"]) == (False, [])
    assert "diff" not in second
    assert module.host.log == [f"restart {UNIT}"]


def test_each_file_that_changes_has_its_own_diff(module: Module) -> None:
    (diff,) = module.run()["diff"]

    assert diff == {
        "before": "",
        "after": "a\n",
        "before_header": f"{module.etc}/a.conf",
        "after_header": f"{module.etc}/a.conf",
    }


def test_a_preview_touches_nothing(module: Module) -> None:
    preview = module.run(check=True)

    assert preview["changed"]
    assert not module.etc.exists()
    assert not (module.host.folder / "run").exists()
    assert module.host.log == []
    assert preview["changes"] == module.run()["changes"]


def test_a_file_that_goes_is_a_change_for_its_reader(module: Module) -> None:
    module.run()

    assert module.run(None)["changes"] == [
        f"{module.etc}/a.conf: removed (not wanted)",
        f"{UNIT}: restarted, for its files changed",
    ]
    assert not module.run(None)["changed"]


def test_a_mode_is_no_change_for_the_reader(module: Module) -> None:
    module.run()
    (module.etc / "a.conf").chmod(0o600)

    assert module.run()["changes"] == [f"{module.etc}/a.conf: written (mode 0600 → 0644)"]


def test_files_of_others_are_read_again_when_their_content_changes(module: Module) -> None:
    module.run()
    (module.etc / "b.conf").write_text("theirs")

    assert module.run()["changes"] == [f"{UNIT}: restarted, for it had not read its files"]
    assert not module.run()["changed"]


def test_a_unit_that_does_not_run_is_left_alone_and_reads_at_its_start(module: Module) -> None:
    module.run()
    module.host.unit(UNIT, active="inactive")
    module.run("b\n")
    module.host.unit(UNIT, active="active")

    assert module.host.log == [f"restart {UNIT}"]
    assert not module.run("b\n")["changed"]


def test_a_unit_that_is_started_is_not_restarted_as_well(module: Module) -> None:
    module.host.unit(UNIT, file="disabled", active="failed")

    result = module.run(enabled=True, active=True)

    assert result["changes"][1:] == [f"{UNIT}: enabled", f"{UNIT}: started"]
    assert module.host.log == [f"enable {UNIT}", f"start {UNIT}"]
    assert not module.run(enabled=True, active=True)["changed"]


def test_a_unit_is_disabled_and_stopped(module: Module) -> None:
    module.run()

    result = module.run(enabled=False, active=False)

    assert result["changes"] == [f"{UNIT}: disabled", f"{UNIT}: stopped"]
    assert not module.run(enabled=False, active=False)["changed"]


def test_a_reload_is_for_units_that_can(module: Module) -> None:
    assert f"{UNIT}: reloaded, for its files changed" in module.run(on_change="reload")["changes"]
    assert module.host.log == [f"reload-or-restart {UNIT}"]


def test_a_restart_that_failed_is_tried_again(module: Module) -> None:
    broken = module.host.folder / "units" / UNIT / "broken"
    broken.touch()
    failed = module.run()
    broken.unlink()

    assert failed["code"] == "command_failed"
    assert f"Job for {UNIT} failed." in failed["msg"]
    assert module.run()["changes"] == [f"{UNIT}: restarted, for it had not read its files"]


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        ({"load": "masked", "file": "masked"}, "is masked; run `systemctl unmask logs.service`"),
        ({"load": "not-found", "file": ""}, "there is no unit logs.service; install the package"),
    ],
)
def test_a_unit_that_cannot_run_is_refused_before_a_file_is_written(
    module: Module, unit: dict[str, str], reason: str
) -> None:
    module.host.unit(UNIT, active="inactive", **unit)

    refused = module.run(enabled=True)

    assert refused["code"] == "refused"
    assert reason in refused["msg"]
    assert not module.etc.exists()
    assert "failed" not in module.run(enabled=False) or not module.run()["failed"]


def test_a_preview_takes_a_unit_that_is_not_installed_yet(module: Module) -> None:
    options = {"units": [{"name": "later.service", "enabled": True, "active": True}]}

    assert module.raw(check=True, **options)["changes"] == [
        "later.service: enabled",
        "later.service: started",
    ]


def test_all_files_are_validated_before_the_first_is_written(module: Module) -> None:
    files = [
        {"path": str(module.etc / "good"), "content": "x", "validate": "test -e %s"},
        {"path": str(module.etc / "bad"), "content": "x\n", "validate": "grep -q y %s"},
        {"path": str(module.etc / "worse"), "content": "x", "validate": "ls %s/x"},
        {"path": str(module.etc / "gone"), "validate": "false"},
    ]

    refused = module.raw(files=files)

    assert f"{module.etc}/bad is not valid: exit status 1" in refused["msg"]
    assert f"'{module.etc}/worse/x': Not a directory" in refused["msg"]
    assert "good is not" not in refused["msg"]
    assert not module.etc.exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"path": "a.conf"}, "a.conf is not absolute"),
        ({"path": "/etc/x", "mode": "rw"}, "mode 'rw' is not made of octal digits"),
        ({"path": "/etc/x", "mode": "0888"}, "octal digits"),
        ({"path": "/etc/x", "mode": "4755"}, "octal digits"),
        ({"path": "/etc", "content": "x"}, "/etc is no regular file"),
        ({"path": "/etc/passwd/x", "content": "x"}, "/etc/passwd is no folder"),
    ],
)
def test_a_file_that_cannot_be_is_refused(
    module: Module, options: dict[str, str], reason: str
) -> None:
    refused = module.raw(files=[options])

    assert refused["code"] == "refused"
    assert reason in refused["msg"]


def test_a_failure_to_write_gives_the_systems_reason(module: Module) -> None:
    # Linux, NAME_MAX: the hidden name that the file has while it is made is longer by five.
    failed = module.raw(files=[{"path": str(module.etc / ("x" * 254)), "content": "x"}])

    assert failed["code"] == "not_written"
    assert "File name too long" in failed["msg"]
    assert str(module.etc) in failed["msg"]

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are saved and restored: contents, modes, and that there was none."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access import restoring

ME = (os.geteuid(), os.getegid())


@pytest.mark.parametrize("content", [b"PermitRootLogin no\n", b"", b"\xff\x00", None])
@pytest.mark.parametrize("is_there_now", [True, False])
def test_a_file_is_again_what_it_was(
    tmp_path: Path, content: bytes | None, *, is_there_now: bool
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o640)
    before = restoring.read_file(str(path), *ME)
    (tmp_path / restoring.SNAPSHOT).write_text(restoring.pack([(before, *ME)]), encoding="utf-8")
    path.unlink(missing_ok=True)
    if is_there_now:
        path.write_bytes(b"new")

    faults = restoring.restore(str(tmp_path))

    assert faults == []
    assert restoring.read_file(str(path), *ME) == before
    assert content is None or stat.S_IMODE(path.stat().st_mode) == 0o640


def test_accounts_go_back_before_sshd_and_new_ones_go_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(restoring, "_exists", lambda name: name != "never-made")
    account = {"name": "ops", "password": "!x", "comment": "Ops", "shell": "/bin/sh"}
    made = [
        {"name": "new", "had_home": False},
        {"name": "back", "had_home": True},
        {"name": "never-made", "had_home": False},
    ]
    snapshot = {"accounts": [{**account, "groups": ["adm", "sudo"]}], "made": made}

    with_sshd = list(restoring._list_commands({**snapshot, "has_sshd": True}))
    without = list(restoring._list_commands(snapshot))

    reload = "systemctl --no-block reload-or-restart ssh.service"
    assert [(" ".join(command), data) for command, data in with_sshd] == [
        ("chpasswd -e", "ops:!x\n"),
        ("usermod --comment Ops --shell /bin/sh --groups adm,sudo ops", None),
        (reload, None),
        ("userdel --force --remove new", None),
        ("userdel --force back", None),
    ]
    assert without == [it for it in with_sshd if it[0] != reload.split()]
    assert list(restoring._list_commands({})) == []


def test_an_account_exists_under_its_whole_name() -> None:
    assert restoring._exists("root")
    assert not restoring._exists("roo")


@pytest.mark.parametrize(("code", "faults"), [(0, []), (1, ["false -e: no such account"])])
def test_a_command_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, faults: list[str]
) -> None:
    def run(command: list[str], **options: str) -> subprocess.CompletedProcess[str]:
        assert options["input"] == "data"
        return subprocess.CompletedProcess(command, code, "", "no such account\n")

    (tmp_path / restoring.SNAPSHOT).write_text(restoring.pack([]), encoding="utf-8")
    monkeypatch.setattr(restoring, "_list_commands", lambda _: [(["false", "-e"], "data")])
    monkeypatch.setattr(restoring.subprocess, "run", run)

    assert restoring.restore(str(tmp_path)) == faults


def test_what_cannot_be_restored_keeps_nothing_else_from_it(tmp_path: Path) -> None:
    lost = restoring.File(str(tmp_path / "gone" / "file"), b"x", 0o600, *ME)
    kept = restoring.File(str(tmp_path / "file"), b"x", 0o600, *ME)
    snapshot = restoring.pack([(lost, *ME), (kept, *ME)])
    (tmp_path / restoring.SNAPSHOT).write_text(snapshot, encoding="utf-8")

    (fault,) = restoring.restore(str(tmp_path))

    assert fault.startswith(lost.path)
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_file_in_the_making_of_a_killed_run_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".file.new").write_text("half", encoding="utf-8")

    restoring.write_file(restoring.File(str(tmp_path / "file"), b"whole", 0o600, *ME), *ME)

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="no regular file"):
        restoring.read_file(str(tmp_path / "pipe"), *ME)


def test_a_folder_that_others_can_change_is_not_roots_alone(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")

    assert restoring.is_roots_alone("/etc/ssh/sshd_config")
    assert not restoring.is_roots_alone(str(tmp_path / "link" / "passwd"))

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are saved and restored: contents, modes, and that there was none."""

from __future__ import annotations

import os
import stat
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

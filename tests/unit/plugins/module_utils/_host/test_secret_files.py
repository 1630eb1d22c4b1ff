# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that hold a secret."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host import secret_files as files


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "wireguard"
    files.make_folder(folder)
    return folder / "wg0.conf"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_made_for_its_owner_alone(path: Path) -> None:
    assert mode(path.parent) == 0o700


def test_a_folder_that_exists_is_not_changed(path: Path) -> None:
    path.parent.chmod(0o755)

    files.make_folder(path.parent)

    assert mode(path.parent) == 0o755


@pytest.mark.parametrize(("bits", "is_safe"), [(0o700, True), (0o755, True), (0o770, False)])
def test_a_folder_that_others_can_change_is_at_fault(
    path: Path, bits: int, *, is_safe: bool
) -> None:
    path.parent.chmod(bits)

    assert (files.find_folder_fault(path.parent) is None) is is_safe


def test_a_missing_folder_has_no_fault_and_a_file_is_no_folder(path: Path) -> None:
    path.touch()

    assert files.find_folder_fault(path.parent / "missing") is None
    assert "is no folder" in str(files.find_folder_fault(path))


def test_a_file_is_written_whole_and_private_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        files.replace(path, "text")
    finally:
        os.umask(before)

    assert files.read(path, 100) == ("text", [])
    assert mode(path) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["wg0.conf"]


def test_what_a_killed_run_left_does_not_get_in_the_way(path: Path) -> None:
    files.temp_name(path).write_text("half")

    files.replace(path, "whole")

    assert path.read_text() == "whole"
    assert not files.temp_name(path).exists()


def test_a_link_in_the_place_of_the_file_in_the_making_is_not_followed(path: Path) -> None:
    target = path.parent / "target"
    target.write_text("mine")
    files.temp_name(path).symlink_to(target)

    files.replace(path, "secret")

    assert target.read_text() == "mine"


def test_creating_never_replaces(path: Path) -> None:
    assert files.create(path, "first")
    assert not files.create(path, "second")
    assert path.read_text() == "first"
    assert not files.temp_name(path).exists()


def test_a_missing_file_is_none(path: Path) -> None:
    assert files.read(path, 100) == (None, [])


def test_a_file_that_others_can_read_is_told_and_protected(path: Path) -> None:
    path.write_text("text")
    path.chmod(0o644)

    assert files.read(path, 100) == ("text", ["mode 0644 → 0600"])
    files.protect(path)
    assert files.read(path, 100) == ("text", [])


def test_a_link_is_not_followed(path: Path) -> None:
    target = path.parent / "target"
    target.write_text("text")
    path.symlink_to(target)

    with pytest.raises(files.InsecureFile, match="if it is a link"):
        files.read(path, 100)


def test_a_pipe_is_refused_without_waiting_for_it(path: Path) -> None:
    os.mkfifo(path, 0o600)

    with pytest.raises(files.InsecureFile, match="no regular file"):
        files.read(path, 100)


@pytest.mark.parametrize("content", [b"x" * 101, b"\xff\xfe secret"])
def test_what_is_no_text_of_its_size_is_refused_without_repeating_it(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)

    with pytest.raises(files.InsecureFile) as refusal:
        files.read(path, 100)

    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_removing_tells_whether_there_was_something(path: Path) -> None:
    path.touch()

    assert files.remove(path)
    assert not files.remove(path)


def test_a_lock_keeps_others_out_and_ends_with_its_holder(path: Path) -> None:
    folder = path.parent
    context = multiprocessing.get_context("fork")
    holds, ends = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(folder, holds, ends))
    holder.start()
    assert holds.wait(10)

    with (
        pytest.raises(files.InsecureFile, match="holds the lock"),
        files.locked(folder, timeout_s=0.1),
    ):
        pass
    holder.kill()
    holder.join(10)
    with files.locked(folder, timeout_s=10):
        pass


def _hold(folder: Path, holds: object, ends: object) -> None:
    with files.locked(folder):
        holds.set()  # type: ignore[attr-defined] # an event of multiprocessing
        ends.wait(60)  # type: ignore[attr-defined] # as above


def test_a_file_may_be_as_large_as_its_limit(path: Path) -> None:
    files.replace(path, "text")
    assert files.read(path, 4) == ("text", [])
    with pytest.raises(files.InsecureFile, match="larger than 3 bytes"):
        files.read(path, 3)

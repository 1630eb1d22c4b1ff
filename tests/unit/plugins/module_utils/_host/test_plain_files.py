# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small files, from any state to the wanted one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.plain_files import PlainFile
from hypothesis import given
from hypothesis import strategies as st


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def put(path: Path, text: str, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_missing_file_is_made_with_its_folders_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.conf"
    umask = os.umask(0o077)
    try:
        PlainFile(path, "x\n", 0o640, 0o755).write()
    finally:
        os.umask(umask)

    assert path.read_text() == "x\n"
    assert [mode_of(each) for each in (path, path.parent, path.parent.parent)] == [
        0o640,
        0o755,
        0o755,
    ]
    assert PlainFile(path, "x\n", 0o640, 0o755).faults == []


@pytest.mark.parametrize(
    ("text", "mode", "faults", "changes"),
    [
        ("x\n", 0o644, [], False),
        ("y\n", 0o644, ["other content"], True),
        ("x\n", 0o600, ["mode 0600 → 0644"], False),
        ("y\n", 0o600, ["other content", "mode 0600 → 0644"], True),
        ("", 0o644, ["other content"], True),
    ],
)
def test_what_differs_is_named_and_mended(
    tmp_path: Path, text: str, mode: int, faults: list[str], *, changes: bool
) -> None:
    path = put(tmp_path / "x.conf", text, mode)
    file = PlainFile(path, "x\n", 0o644)

    assert (file.faults, file.changes_content) == (faults, changes)
    file.write()
    assert PlainFile(path, "x\n", 0o644).faults == []


def test_a_file_that_is_not_wanted_goes(tmp_path: Path) -> None:
    path = put(tmp_path / "x.conf", "x\n")
    file = PlainFile(path, None, 0o644)

    assert (file.faults, file.changes_content) == (["not wanted"], True)
    file.write()
    gone = PlainFile(path, None, 0o644)
    assert (gone.faults, gone.changes_content) == ([], False)


def test_an_empty_file_is_not_a_missing_one(tmp_path: Path) -> None:
    assert PlainFile(tmp_path / "x", "", 0o644).changes_content
    assert PlainFile(tmp_path / "x", "", 0o644).faults == ["missing"]
    assert PlainFile(put(tmp_path / "y", ""), None, 0o644).changes_content


def test_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    target = put(tmp_path / "target", "theirs\n")
    link = tmp_path / "x.conf"
    link.symlink_to(target)
    file = PlainFile(link, "ours\n", 0o644)

    assert file.faults == ["other content", "a link"]
    assert file.obstacle is None
    file.write()
    assert not link.is_symlink()
    assert target.read_text() == "theirs\n"


def test_a_folder_in_the_way_is_an_obstacle(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    put(tmp_path / "file", "x")

    assert "no regular file" in str(PlainFile(tmp_path / "folder", "x", 0o644).obstacle)
    assert "no folder" in str(PlainFile(tmp_path / "file" / "a" / "b", "x", 0o644).obstacle)
    assert PlainFile(tmp_path / "new" / "a", "x", 0o644).obstacle is None


@pytest.mark.parametrize(("folder_mode", "faults"), [(0o755, 1), (0o700, 0), (None, 0)])
def test_a_folder_has_its_mode_only_where_that_is_wanted(
    tmp_path: Path, folder_mode: int | None, faults: int
) -> None:
    path = put(tmp_path / "d" / "x", "x\n")
    path.parent.chmod(0o700)
    file = PlainFile(path, "x\n", 0o644, folder_mode)

    assert len(file.faults) == faults
    file.write()
    assert mode_of(path.parent) == (folder_mode or 0o700)


def test_the_diff_shows_content_or_else_what_differs(tmp_path: Path) -> None:
    path = put(tmp_path / "x", "old\n", 0o600)
    content, mode = PlainFile(path, "new\n", 0o600), PlainFile(path, "old\n", 0o644)

    assert [content.describe(wanted=wanted) for wanted in (False, True)] == ["old\n", "new\n"]
    assert [mode.describe(wanted=wanted) for wanted in (False, True)] == ["mode 0600\n", "0644\n"]


@given(content=st.binary(max_size=200), wanted=st.text(max_size=200))
def test_any_file_becomes_the_wanted_one(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, wanted: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "x"
    path.write_bytes(content)

    PlainFile(path, wanted, 0o644).write()

    assert path.read_bytes() == wanted.encode()
    assert PlainFile(path, wanted, 0o644).faults == []

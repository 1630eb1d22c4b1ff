# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a unit has read its files, from contents alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.read_records import (
    ReadRecord,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "a.conf").write_text("a")
    return tmp_path


def make(folder: Path) -> ReadRecord:
    patterns = [str(folder / "etc" / "*.conf"), str(folder / "missing" / "*")]
    return ReadRecord(folder / "run", "x.service", patterns)


def test_a_unit_without_a_record_has_read_what_it_found_at_its_start(folder: Path) -> None:
    assert not make(folder).is_outdated()


def test_what_was_kept_is_known_until_a_content_changes(folder: Path) -> None:
    make(folder).keep(make(folder).digest())
    os.utime(folder / "etc" / "a.conf", (2**31, 2**31))

    assert not make(folder).is_outdated()
    (folder / "etc" / "a.conf").write_text("b")
    assert make(folder).is_outdated()
    (folder / "etc" / "a.conf").write_text("a")
    assert not make(folder).is_outdated()


@pytest.mark.parametrize("change", ["new", "gone", "renamed"])
def test_files_that_come_and_go_change_what_is_read(folder: Path, change: str) -> None:
    make(folder).keep(make(folder).digest())
    path = folder / "etc" / "a.conf"
    if change == "new":
        path.with_name("b.conf").touch()
    elif change == "gone":
        path.unlink()
    else:
        path.rename(path.with_name("b.conf"))

    assert make(folder).is_outdated()


def test_a_file_of_another_name_changes_nothing(folder: Path) -> None:
    make(folder).keep(make(folder).digest())
    (folder / "etc" / ".a.conf.new").write_text("half")

    assert not make(folder).is_outdated()


def test_where_contents_are_cut_between_files_matters(folder: Path) -> None:
    (folder / "etc" / "a.conf").write_text("ab")
    (folder / "etc" / "b.conf").write_text("")
    make(folder).keep(make(folder).digest())
    (folder / "etc" / "a.conf").write_text("a")
    (folder / "etc" / "b.conf").write_text("b")

    assert make(folder).is_outdated()


def test_an_emptied_record_is_outdated_whatever_the_files_are(folder: Path) -> None:
    make(folder).empty()

    assert make(folder).is_outdated()
    make(folder).keep(make(folder).digest())
    assert not make(folder).is_outdated()


def test_a_unit_that_does_not_run_has_no_record(folder: Path) -> None:
    make(folder).empty()
    make(folder).keep(None)

    assert list((folder / "run").iterdir()) == []


def test_an_unchanged_record_is_not_written_again(folder: Path) -> None:
    make(folder).keep(make(folder).digest())
    (first,) = (folder / "run").iterdir()
    before = first.stat().st_ino
    make(folder).keep(make(folder).digest())

    assert first.stat().st_ino == before


@pytest.mark.parametrize(
    ("name", "expected"), [("etc/new.conf", True), ("etc/new.txt", False), ("a.conf", False)]
)
def test_a_record_covers_what_its_patterns_match(
    folder: Path, name: str, *, expected: bool
) -> None:
    assert make(folder).covers(folder / name) is expected

# SPDX-License-Identifier: Apache-2.0
"""A file is written whole or stays as it was, and only its owner can read it."""

import os
import stat
import threading
from pathlib import Path

import pytest

from inventory_service.cli.client.errors import Failure
from inventory_service.cli.formats.atomic_write import atomic_write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is empty, as the home of `qm` in these tests is not."""
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder


def test_the_old_file_stays_until_all_is_written(folder: Path) -> None:
    path = folder / "fleet.csv"
    path.write_text("old")
    with atomic_write(path) as file:
        file.write("new\r\n")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_bytes() == b"new\r\n"
    assert list(folder.iterdir()) == [path]


def test_the_old_file_stays_if_writing_fails(folder: Path) -> None:
    path = folder / "fleet.csv"
    path.write_text("old")
    with pytest.raises(ValueError, match="half"):
        _write_half(path)
    assert path.read_text() == "old"
    assert list(folder.iterdir()) == [path]


def _write_half(path: Path) -> None:
    with atomic_write(path) as file:
        file.write("new")
        raise ValueError("half of it")


def test_only_the_owner_can_read_it_whoever_could_read_the_old_one(folder: Path) -> None:
    path = folder / "fleet.csv"
    path.write_text("old")
    path.chmod(0o644)
    with atomic_write(path) as file:
        file.write("new")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


def test_a_link_stays_and_its_target_is_replaced(folder: Path) -> None:
    (folder / "real").mkdir()
    target = folder / "real" / "fleet.csv"
    target.write_text("old")
    link = folder / "fleet.csv"
    link.symlink_to(target)
    with atomic_write(link) as file:
        file.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.parametrize("name", ["absent/fleet.csv", "inner"])
def test_a_path_that_cannot_be_written_is_named(folder: Path, name: str) -> None:
    (folder / "inner").mkdir()
    with pytest.raises(Failure) as caught, atomic_write(folder / name) as file:
        file.write("new")
    assert caught.value.message.startswith(f"{folder / name} cannot be written: ")
    assert list(folder.iterdir()) == [folder / "inner"]


def test_a_pipe_is_written_to_and_stays_a_pipe(folder: Path) -> None:
    path = folder / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    with atomic_write(path) as file:
        file.write("new")
    reader.join(30)
    assert read == ["new"]
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert list(folder.iterdir()) == [path]


def test_a_device_is_written_to_and_stays_a_device() -> None:
    before = Path("/dev/null").stat()
    with atomic_write(Path("/dev/null")) as file:
        file.write("new")
    assert Path("/dev/null").stat().st_rdev == before.st_rdev
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_device_that_is_full_is_named() -> None:
    with (
        pytest.raises(Failure, match="/dev/full cannot be written: No space left"),
        atomic_write(Path("/dev/full")) as file,
    ):
        file.write("new")

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that hold a secret: written whole or not at all, and readable by their owner alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
import typing as t
from pathlib import Path

MODE = 0o600
FOLDER_MODE = 0o700
LOCK_TIMEOUT_S = 60.0
POLL_S = 0.05
NEW = ".new"
"""Ending of a file in the making; a killed run leaves at most one, which the next one removes."""


class InsecureFile(Exception):
    """A file or folder that cannot hold a secret; the text names the next step."""


@contextlib.contextmanager
def locked(folder: Path, timeout_s: float = LOCK_TIMEOUT_S) -> t.Iterator[None]:
    """Hold the lock of a folder; the kernel frees it when the holder dies.

    :raises InsecureFile: if another run holds it for too long.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        deadline = time.monotonic() + timeout_s
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise InsecureFile(
                    f"another run holds the lock of {folder}; try again when it has ended"
                )
            time.sleep(POLL_S)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def find_folder_fault(folder: Path) -> str | None:
    """Return why a folder cannot hold secrets, with the next step; None if it can or is missing.

    An existing folder is never changed: it may be one that others need.
    """
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(found.st_mode):
        return f"{folder} is no folder; move it away, or choose another path"
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        return (
            f"{folder} can be changed by other users, who could replace what is in it; "
            f"run `chown root {folder}` and `chmod go-w {folder}`, or choose another path"
        )
    return None


def make_folder(folder: Path) -> None:
    """Make a folder for secrets, and its parents, where they are missing."""
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.mkdir(FOLDER_MODE, exist_ok=True)


def read(path: Path, max_bytes: int) -> tuple[str | None, list[str]]:
    """Return the text of a file, None if there is none, and what is wrong with its protection.

    :raises InsecureFile: if it is a link, no file, too large, or no text.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None, []
    except OSError as error:
        raise InsecureFile(
            f"{path} cannot be opened ({error.strerror}); if it is a link, replace it by the file"
        ) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise InsecureFile(f"{path} is no regular file; move it away, or choose another path")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise InsecureFile(f"{path} is larger than {max_bytes} bytes; it is not what it should be")
    try:
        return content.decode(), list(_faults(found))
    except UnicodeDecodeError:
        # The cause is dropped: it would repeat the secret's bytes in a traceback.
        raise InsecureFile(f"{path} is no text; it is not what it should be") from None


def _faults(found: os.stat_result) -> t.Iterator[str]:
    if found.st_uid != os.geteuid():
        yield f"owner {found.st_uid} → {os.geteuid()}"
    mode = stat.S_IMODE(found.st_mode)
    if mode != MODE:
        yield f"mode {mode:04o} → {MODE:04o}"


def protect(path: Path) -> None:
    """Make a file its owner's alone."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # The mode first: it closes the file to others even if the owner cannot be changed.
        os.fchmod(descriptor, MODE)
        os.fchown(descriptor, os.geteuid(), os.getegid())
    finally:
        os.close(descriptor)


def replace(path: Path, text: str, mode: int = MODE) -> None:
    """Write a file so that at every moment either the old or the new one is there, whole."""
    made = write_new(path, text, mode)
    made.rename(path)
    _sync_folder(path)


def create(path: Path, text: str) -> bool:
    """Write a file that does not exist yet; False if somebody else made it meanwhile."""
    made = write_new(path, text)
    try:
        os.link(made, path)
    except FileExistsError:
        return False
    finally:
        made.unlink()
    _sync_folder(path)
    return True


def move(source: Path, target: Path) -> None:
    """Replace another file in the same folder, in one step."""
    source.rename(target)
    _sync_folder(target)


def write_new(path: Path, text: str, mode: int = MODE) -> Path:
    """Write a text beside `path`, down to the disk, and return the path of the file made.

    The caller holds the folder's lock, so that what is there is a killed run's. A file without a
    secret may have a wider mode.
    """
    made = temp_name(path)
    remove(made)
    descriptor = os.open(
        made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE
    )
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    return made


def temp_name(path: Path) -> Path:
    """Return the name that a file has while it is made: hidden, beside it."""
    return path.with_name(f".{path.name}{NEW}")


def remove(path: Path) -> bool:
    """Remove a file; False if there was none."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _sync_folder(path: Path) -> None:
    """Bring the names in a folder down to the disk: a rename lives there."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last good answer to one question, kept on disk for its owner only."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DIRECTORY = "~/.cache/quartermaster"
FORMAT = 1
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
MOST_KEPT = 64
"""A controller asks a handful of questions again and again; these are many more."""
CLOCK_GRAIN_S = 2.0
"""File systems round the time of a file; an age within this of zero is zero."""


@dataclass(frozen=True)
class Cached:
    """A kept answer: its ETag, its body, and how long ago it was last known to be current."""

    etag: str
    body: bytes
    age_s: float


class Cache:
    """One file under $QM_CACHE_DIR/inventory, replaced as a whole or not at all.

    A cache that cannot be read or written is a warning, never an error. `question` is anything
    that JSON can hold; answers to different questions never meet.
    """

    def __init__(self, question: t.Any, warn: t.Callable[[str], None]) -> None:
        root = Path(os.environ.get("QM_CACHE_DIR") or DEFAULT_DIRECTORY).expanduser()
        key = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
        self.path = root / "inventory" / f"{key}.json"
        self._warn = warn

    def read(self) -> Cached | None:
        """Return the kept answer; None if there is none, or none that is whole and ours."""
        try:
            self._check_directory()
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(descriptor, "rb") as file:
                facts = os.fstat(file.fileno())
                head, __, body = file.read().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            self._warn(f"{self.path}: the kept answer cannot be read: {error.strerror or error}.")
            return None
        if facts.st_uid != os.geteuid() or facts.st_mode & OTHERS_MAY_WRITE:
            self._warn(f"{self.path}: the kept answer is not used, since others could write it.")
            return None
        return _unpack(head, body, time.time() - facts.st_mtime)

    def write(self, etag: str, body: bytes) -> None:
        """Replace the kept answer; readers see the old or the new one, whole."""
        head = {"format": FORMAT, "etag": etag, "sha256": hashlib.sha256(body).hexdigest()}
        draft = None
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_directory()
            with tempfile.NamedTemporaryFile(dir=self.path.parent, delete=False) as file:
                draft = Path(file.name)
                file.write(json.dumps(head).encode() + b"\n" + body)
            draft.replace(self.path)
            self._prune()
        except OSError as error:
            if draft:
                draft.unlink(missing_ok=True)
            self._warn(f"{self.path}: the answer cannot be kept: {error.strerror or error}.")

    def _prune(self) -> None:
        """Remove all but the newest answers: each Terraform file that was merged has its own.

        A draft that an ended program left is among what is old here, and goes too. Other programs
        may write and remove here at the same time.
        """
        newest_last = sorted(self.path.parent.iterdir(), key=_get_time)
        for path in newest_last[:-MOST_KEPT]:
            path.unlink(missing_ok=True)

    def confirm(self) -> None:
        """Record that the kept answer is still current."""
        try:
            os.utime(self.path)
        except OSError as error:
            self._warn(f"{self.path}: its age cannot be recorded: {error.strerror or error}.")

    def _check_directory(self) -> None:
        """Make sure that only we can put files there.

        :raises OSError: if the directory is missing or belongs to somebody else.
        """
        facts = self.path.parent.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
            raise OSError("its directory belongs to somebody else")
        if stat.S_IMODE(facts.st_mode) != stat.S_IRWXU:
            self.path.parent.chmod(stat.S_IRWXU)


def _get_time(path: Path) -> float:
    """Return when an answer was last current; what is gone by now is not old."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _unpack(head: bytes, body: bytes, age_s: float) -> Cached | None:
    """Return the answer if it is the one that was written, to the last byte."""
    try:
        facts = json.loads(head)
        is_whole = facts["format"] == FORMAT and facts["sha256"] == hashlib.sha256(body).hexdigest()
        etag = str(facts["etag"])
    except (ValueError, TypeError, KeyError):
        return None
    if not is_whole:
        return None
    return Cached(etag, body, 0.0 if -CLOCK_GRAIN_S <= age_s < 0 else age_s)

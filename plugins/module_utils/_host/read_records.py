# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running unit has read: the contents of its files at its last start or reload by us.

Times of files are no evidence: a clock may have been wrong, and an archive brings times of its own.
Before a file is written, the record of each unit that reads it is emptied, so that a run that dies
before the reload leaves a unit that is known not to have read its files. Records are in /run: a
boot takes them away, and starts the units with the files that it finds.
"""

from __future__ import annotations

import fnmatch
import hashlib
import typing as t
from pathlib import Path

from . import secret_files as files

MAX_BYTES = 4096


class ReadRecord:
    """What a unit has read of the files that match its patterns."""

    def __init__(self, folder: Path, unit: str, patterns: t.Sequence[str]) -> None:
        self._path = folder / f"{unit}.read"
        self._patterns = patterns

    def covers(self, path: Path) -> bool:
        """Return whether the unit reads a file of this path."""
        return any(fnmatch.fnmatch(str(path), pattern) for pattern in self._patterns)

    def is_outdated(self) -> bool:
        """Return whether the unit has not read its files as they are; without a record it has."""
        known = files.read(self._path, MAX_BYTES)[0]
        return known is not None and known != self.digest()

    def empty(self) -> None:
        """Note that the unit does not know its files, whatever happens next."""
        files.replace(self._path, "")

    def keep(self, digest: str | None) -> None:
        """Note what the unit has read; None if it does not run, and will read at its start."""
        if digest is None:
            files.remove(self._path)
        elif files.read(self._path, MAX_BYTES)[0] != digest:
            files.replace(self._path, digest)

    def digest(self) -> str:
        """Return a digest of the files' names and contents, as they are now."""
        found = (Path("/").glob(pattern.lstrip("/")) for pattern in self._patterns)
        paths = sorted({path for paths in found for path in paths})
        whole = hashlib.sha256()
        for path in paths:
            content = path.read_bytes() if path.is_file() else b""
            whole.update(f"{path}\0{len(content)}\0".encode() + content)
        return whole.hexdigest()

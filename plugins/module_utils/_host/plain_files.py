# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small files without secrets: as they are, and brought to what is wanted."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

from . import secret_files as files

FOLDER_MODE = 0o755


class PlainFile:
    """A small file; `text` is None if there shall be none."""

    def __init__(
        self, path: Path, text: str | None, mode: int, folder_mode: int | None = None
    ) -> None:
        self.path = path
        self.text = text
        self._mode = mode
        self._folder_mode = folder_mode
        self._found, self.before = self._look()

    @property
    def faults(self) -> list[str]:
        """What differs from what is wanted; nothing if nothing does."""
        if self.text is None:
            return ["not wanted"] if self._found else []
        found = [*self._folder_faults()]
        if self._found is None:
            return [*found, "missing"]
        if self.before != self.text:
            found.append("other content")
        if stat.S_ISLNK(self._found.st_mode):
            return [*found, "a link"]
        return [*found, *_owner_faults(self._found, self._mode)]

    @property
    def obstacle(self) -> str | None:
        """Why it cannot be written, with the next step; None if it can."""
        if self._found and not stat.S_ISREG(self._found.st_mode) and not self._is_link():
            return f"{self.path} is no regular file; move it away"
        folder = next(folder for folder in self.path.parents if os.path.lexists(folder))
        if not folder.is_dir():
            return f"{folder} is no folder; move it away"
        return None

    @property
    def changes_content(self) -> bool:
        """Whether who reads it would find something else."""
        return (self._found is None) != (self.text is None) or self.before != (self.text or "")

    def describe(self, *, wanted: bool) -> str:
        """Return the file for --diff, with mode and owner where these are what differs."""
        text = (self.text or "") if wanted else self.before
        if self.changes_content or self._found is None:
            return text
        if wanted:
            return "\n".join(fault.rpartition(" → ")[2] for fault in self.faults) + "\n"
        return "\n".join(fault.rpartition(" → ")[0] or fault for fault in self.faults) + "\n"

    def write(self) -> None:
        """Bring it to what is wanted, in one step; its folder is made if it is missing."""
        if self.text is None:
            files.remove(self.path)
            return
        self._keep_folder()
        files.replace(self.path, self.text, self._mode)

    def _is_link(self) -> bool:
        return self._found is not None and stat.S_ISLNK(self._found.st_mode)

    def _look(self) -> tuple[os.stat_result | None, str]:
        try:
            found = self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None, ""
        if not stat.S_ISREG(found.st_mode):
            return found, ""
        return found, self.path.read_bytes().decode("utf-8", errors="replace")

    def _folder_faults(self) -> t.Iterator[str]:
        if self._folder_mode is None or not self.path.parent.is_dir():
            return
        for fault in _owner_faults(self.path.parent.stat(), self._folder_mode):
            yield f"folder: {fault}"

    def _keep_folder(self) -> None:
        folder = self.path.parent
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir()
            # The umask may have taken bits away, and a service need not run as root.
            parent.chmod(FOLDER_MODE)
        if self._folder_mode is not None and [*self._folder_faults()]:
            folder.chmod(self._folder_mode)
            os.chown(folder, os.geteuid(), os.getegid())


def _owner_faults(found: os.stat_result, wanted: int) -> t.Iterator[str]:
    mode = stat.S_IMODE(found.st_mode)
    if mode != wanted:
        yield f"mode {mode:04o} → {wanted:04o}"
    own = (os.geteuid(), os.getegid())
    if (found.st_uid, found.st_gid) != own:
        yield f"owner {found.st_uid}:{found.st_gid} → {own[0]}:{own[1]}"

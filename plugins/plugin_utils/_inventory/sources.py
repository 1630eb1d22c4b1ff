# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files Ansible reads as inventories, where it is given a folder."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible import context
from ansible.inventory.manager import IGNORED
from ansible.utils.path import unfrackpath


def find_folder_that_reads(path: str, source: str) -> str | None:
    """Return the folder of inventories in which Ansible reads a file as one of them; None if none.

    Ansible reads each file of a folder that it is given, and of the folders below, but for those
    with a name that it ignores. `source` is the file that is being parsed; its folder is taken for
    the given one where no program of Ansible has read its options.
    """
    file = Path(unfrackpath(path, follow=False))
    given: t.Iterable[str] = context.CLIARGS.get("inventory") or [str(Path(source).parent)]
    for name in given:
        folder = Path(unfrackpath(name, follow=False))
        if folder in file.parents and folder.is_dir() and not _is_ignored(file, folder):
            return str(folder)
    return None


def _is_ignored(file: Path, folder: Path) -> bool:
    return any(IGNORED.search(os.fsencode(part)) for part in file.relative_to(folder).parts)

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel settings, as sysctl(8) names them, read and set in /proc/sys."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from .._module import Failure
from .host import PROC_SYS

KEY = re.compile(r"[a-z0-9_]+([./][A-Za-z0-9_-]+)+")
SWAPPED = str.maketrans("./", "/.")


class KernelSettings:
    """Kernel settings that are wanted, and those in force."""

    def __init__(self, wanted: t.Mapping[str, t.Any], root: Path = PROC_SYS) -> None:
        self._wanted = {key: " ".join(str(value).split()) for key, value in wanted.items()}
        self._root = root

    def find_drift(self) -> dict[str, tuple[str, str]]:
        """Return what is in force and what is wanted, of each setting that differs.

        :raises Failure: if the kernel has no such setting.
        """
        pairs = {key: (self._read(key), value) for key, value in self._wanted.items()}
        return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}

    def set(self, key: str) -> None:
        """Put a setting in force.

        :raises Failure: if the kernel does not take the value.
        """
        try:
            self._find(key).write_text(self._wanted[key] + "\n", encoding="utf-8")
        except OSError as error:
            raise Failure(
                f"the kernel does not take {key} = {self._wanted[key]} ({error.strerror}); "
                "correct the value, or leave the setting out",
                code="refused",
            ) from error

    def _read(self, key: str) -> str:
        try:
            return " ".join(self._find(key).read_text(encoding="utf-8").split())
        except OSError as error:
            raise Failure(
                f"refused, nothing was changed: the kernel setting {key} cannot be read "
                f"({error.strerror}); correct its name, or load the module that has it",
                code="refused",
            ) from error

    def _find(self, key: str) -> Path:
        """Return the file of a setting; a dot in the name of an interface is written as a slash."""
        if not KEY.fullmatch(key):
            raise Failure(
                f"refused, nothing was changed: {key!r} is no kernel setting", code="refused"
            )
        first = next(sign for sign in key if sign in "./")
        return self._root / (key if first == "/" else key.translate(SWAPPED))

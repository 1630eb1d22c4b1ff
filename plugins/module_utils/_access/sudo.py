# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sudoers file of a host: who may become root without a password, which nobody has."""

from __future__ import annotations

import re
import typing as t

from .settings import HEADER

PATH = "/etc/sudoers.d/60-quartermaster"
MAIN = "/etc/sudoers"
RULE = "ALL=(ALL:ALL) NOPASSWD: ALL"
INCLUDE = re.compile(r"^[#@]includedir\s+/etc/sudoers\.d/?\s*$", re.MULTILINE)
SPECIAL = re.compile(r"([@!=:,()\\ ])")
"""What sudoers(5) wants to be escaped in a name."""


def render(names: t.Iterable[str]) -> str:
    """Return the sudoers file that makes accounts root; empty without any."""
    lines = [f"{escape(name)} {RULE}\n" for name in names]
    return "".join([HEADER, *lines]) if lines else ""


def without(text: str, names: t.Iterable[str]) -> str:
    """Return a sudoers file without the rules of accounts; empty if it has no other rule."""
    gone = {escape(name) for name in names}
    lines = text.splitlines(keepends=True)
    kept = [line for line in lines if line.split(" ")[0] not in gone]
    if kept == lines:
        return text
    return "".join(kept) if any(RULE in line for line in kept) else ""


def escape(name: str) -> str:
    """Return a name as sudoers(5) takes it."""
    return SPECIAL.sub(r"\\\1", name)

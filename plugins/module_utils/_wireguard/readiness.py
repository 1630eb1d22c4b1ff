# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host lacks to have an interface under the key by which its peers know it."""

from __future__ import annotations

import typing as t

from .._host import secret_files as files
from .files import KEY_MAX_BYTES
from .model import is_key

if t.TYPE_CHECKING:
    from pathlib import Path

    from .host import Host


def find_lacking(host: Host, key_file: Path, recorded_key: str, userspace: str) -> dict[str, t.Any]:
    """Return the `packages` that a host lacks, or what is wrong with its `key`; empty if nothing.

    The key is `missing`, `unusable` if it is none or others could have read it, or `unrecorded` if
    its public half is not the one on record.
    """
    packages = find_packages(host.has, host.kernel_has_wireguard, userspace)
    if packages:
        return {"packages": packages}
    fault = _find_key_fault(host, key_file, recorded_key)
    return {"key": fault} if fault else {}


def find_packages(
    has: t.Callable[[str], bool], kernel_has: t.Callable[[], bool], userspace: str
) -> list[str]:
    """Return the packages that an interface needs and the host does not have."""
    needed = {"ip": "iproute2", "wg": "wireguard-tools", "wg-quick": "wireguard-tools"}
    lacking = {package for program, package in needed.items() if not has(program)}
    needs_program = userspace == "always" or (userspace == "auto" and not kernel_has())
    if needs_program and not has("wireguard-go"):
        lacking.add("wireguard-go")
    return sorted(lacking)


def _find_key_fault(host: Host, key_file: Path, recorded_key: str) -> str | None:
    text, faults = files.read(key_file, KEY_MAX_BYTES)
    if text is None:
        return "missing"
    private_key = text.strip()
    if faults or not is_key(private_key):
        return "unusable"
    host.hide(private_key)
    return None if host.find_public_key(private_key) == recorded_key else "unrecorded"

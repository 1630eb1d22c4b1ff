# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host passes on packets between its peers, in the kernel and after a boot."""

from __future__ import annotations

import functools
import ipaddress
import typing as t
from pathlib import Path

from .._host.host import PROC_SYS
from .._host.kernel_settings import KernelSettings
from .._host.plain_files import PlainFile
from .._module import Failure

FOLDER = Path("/etc/sysctl.d")
MODE = 0o644
SETTINGS = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}
"""By IP version; see ip-sysctl in the documentation of the kernel."""


def find_changes(name: str, addresses: t.Iterable[str]) -> list[tuple[str, t.Callable[[], None]]]:
    """Return what has to change for an interface with these addresses to pass packets on.

    Each change is a sentence, and what makes it.

    :raises Failure: before anything is changed, if that cannot be.
    """
    versions = {ipaddress.ip_interface(address).version for address in addresses}
    wanted = {SETTINGS[version]: "1" for version in sorted(versions)}
    settings = KernelSettings(wanted, PROC_SYS)
    changes: list[tuple[str, t.Callable[[], None]]] = [
        (f"sysctl {key}: {now} → {then}", functools.partial(settings.set, key))
        for key, (now, then) in settings.find_drift().items()
    ]
    text = "".join(f"{key}={value}\n" for key, value in wanted.items())
    file = PlainFile(FOLDER / f"60-{name}.conf", text, MODE)
    if file.obstacle:
        raise Failure(f"refused, nothing was changed: {file.obstacle}", code="refused")
    if file.faults:
        changes.append((f"{file.path}: written ({', '.join(file.faults)})", file.write))
    return changes

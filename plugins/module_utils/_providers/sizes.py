# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizes in words: `s-2vcpu-4gb` is two virtual processors and four GiB of memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure

MIB = 1024 * 1024
MAX_CPUS = 512
MAX_MEMORY_MIB = 24 * 1024 * 1024
# DigitalOcean's own words for a size; what follows the memory (disk, maker of the processor) has
# no meaning for a container.
PATTERN = re.compile(
    r"[a-z]{1,4}-(?P<cpus>\d{1,3})vcpu-(?P<memory>\d{1,5})(?P<unit>[gm])b(-[a-z0-9]+)*",
    re.ASCII,
)


@dataclass(frozen=True)
class Size:
    """What a spec gives to a server."""

    cpus: float
    memory_mib: int

    @property
    def spec(self) -> str:
        """The shortest spec of this size."""
        whole = self.memory_mib % 1024 == 0
        memory = f"{self.memory_mib // 1024}gb" if whole else f"{self.memory_mib}mb"
        return f"s-{self.cpus:g}vcpu-{memory}"


def parse_spec(spec: str) -> Size:
    """Return the size that a spec names.

    :raises Failure: with code `unknown_spec` when it does not have the form of one.
    """
    match = PATTERN.fullmatch(spec)
    if match:
        factor = 1024 if match["unit"] == "g" else 1
        size = Size(cpus=int(match["cpus"]), memory_mib=int(match["memory"]) * factor)
        if 1 <= size.cpus <= MAX_CPUS and 1 <= size.memory_mib <= MAX_MEMORY_MIB:
            return size
    raise Failure(
        f"unknown spec {spec[:80]!r}: a spec names processors and memory, as s-2vcpu-4gb or "
        "s-1vcpu-512mb",
        code="unknown_spec",
    )

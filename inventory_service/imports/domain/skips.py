# SPDX-License-Identifier: Apache-2.0
"""What of a file is left out, or deserves a look."""

from dataclasses import dataclass
from typing import Literal

SkipKind = Literal["server", "field", "warning"]


@dataclass
class Skip:
    """What of a file is left out, or deserves a look; ``more`` counts others with the same reason.

    ``kind`` is 'server' for one that is no node, 'field' for a part of a node, and 'warning' where
    nothing is left out.
    """

    address: str
    reason: str
    more: int = 0
    kind: SkipKind = "server"


class Skips:
    """What is left out of a file, in order; each reason is listed once, with its first address."""

    def __init__(self) -> None:
        self._by_reason: dict[str, Skip] = {}

    def note(self, address: str, reason: str, kind: SkipKind) -> None:
        """Record that what is at an address is left out, or deserves a look."""
        known = self._by_reason.get(reason)
        if known is None:
            self._by_reason[reason] = Skip(address, reason, kind=kind)
        else:
            known.more += 1

    def all(self) -> list[Skip]:
        """Return what was left out."""
        return list(self._by_reason.values())

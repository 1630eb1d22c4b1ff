# SPDX-License-Identifier: Apache-2.0
"""Who acts, through which channel, and what they may do."""

import enum
from dataclasses import dataclass


class Scope(enum.StrEnum):
    """What a token allows; each scope holds those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Return whether this scope allows what needs the other one."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


class Channel(enum.StrEnum):
    """The way by which an act came in; a label in the records, never a right."""

    API = "api"
    CLI = "cli"
    ANSIBLE = "ansible"


@dataclass(frozen=True)
class Actor:
    """The one who acts: the token's name, the channel, and the scope."""

    name: str
    channel: Channel
    scope: Scope


ANONYMOUS = "anonymous"

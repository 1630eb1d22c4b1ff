# SPDX-License-Identifier: Apache-2.0
"""Actors: who acts, through which channel and with which scope."""

import enum
from dataclasses import dataclass


class Scope(enum.StrEnum):
    """The scopes of tokens; each one includes those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Return whether this scope includes the other one."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


class Channel(enum.StrEnum):
    """The way by which a request came in; recorded as the client declares it, it grants nothing."""

    API = "api"
    CLI = "cli"
    ANSIBLE = "ansible"
    WORKER = "worker"
    SCHEDULE = "schedule"
    WEBHOOK = "webhook"


@dataclass(frozen=True)
class Actor:
    """Who acts: the name of the token, the channel and the scope."""

    name: str
    channel: Channel
    scope: Scope


ANONYMOUS = "anonymous"

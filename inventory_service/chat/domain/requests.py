# SPDX-License-Identifier: Apache-2.0
"""Requests of platforms: who sent a command or pressed a button, where, and when."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from inventory_service.core.errors import Unauthorized

#: An older request was recorded and sent again; a clock may be wrong by as much.
MOST_AGE = timedelta(minutes=5)


@dataclass(frozen=True)
class Sender:
    """Who sent a request, by the ids of the platform, and in which channel."""

    platform: str
    team_id: str
    user_id: str
    channel_id: str
    #: As the platform writes it; it proves nothing, and may change.
    user_name: str = ""

    def in_team(self, team_id: str) -> Self:
        """Return the sender in a team, where the platform has named none."""
        return self if self.team_id else replace(self, team_id=team_id)

    @property
    def label(self) -> str:
        """Return who it is, for people and the audit log."""
        return f"{self.platform}/{self.team_id}/{self.user_id}"


@dataclass(frozen=True)
class CommandRequest:
    """A slash command that was verified; ``key`` is another one for each request."""

    sender: Sender
    key: str
    text: str
    #: Where answers that come later go, for a while.
    reply_url: str | None


@dataclass(frozen=True)
class ActionRequest:
    """A button that was pressed, by a request that was verified."""

    sender: Sender
    key: str
    #: What `seal_button` put into the button.
    sealed: str
    #: The message that the button is below.
    post_id: str
    reply_url: str | None


def check_age(sent_at: datetime, now: datetime) -> None:
    """Raise Unauthorized if a request is too old, or from the future.

    :raises Unauthorized: it is.
    """
    if abs(now - sent_at) > MOST_AGE:
        raise Unauthorized(
            "The request was sent more than five minutes ago, or the clock of this machine is "
            "wrong. Send it again."
        )

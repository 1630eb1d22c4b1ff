# SPDX-License-Identifier: Apache-2.0
"""Messages on their way to a platform: how often one is changed, and when it is given up."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

#: A message is not changed more often: platforms allow some fifty changes a minute in all.
PAUSE = timedelta(seconds=5)
#: So long the worker that sends it has it to itself; then it is dead, and another one sends it.
HOLD = timedelta(minutes=1)
#: Platforms take replies for half an hour, five at most.
REPLY_WINDOW = timedelta(minutes=29)
MOST_ATTEMPTS = 10
#: Of what has ended, rows are kept so long, so that their buttons are still known.
KEPT = timedelta(days=7)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=10)


class Way(enum.StrEnum):
    """How a message gets to its channel."""

    #: As a message of the bot, which is changed as the run goes on.
    POST = "post"
    #: As an answer to a request, by the URL that came with it.
    REPLY = "reply"


@dataclass(frozen=True)
class Seen:
    """How a run was when a message about it was made."""

    state: str
    reason: str | None
    revision: int
    events: int


def find_next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return when a message is tried again after so many failures, or None if it is given up."""
    if attempts >= MOST_ATTEMPTS:
        return None
    pause: timedelta = _FIRST_PAUSE * 2 ** max(attempts - 1, 0)
    return now + min(pause, _LONGEST_PAUSE)

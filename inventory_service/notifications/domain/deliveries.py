# SPDX-License-Identifier: Apache-2.0
"""Deliveries: the states of a message on its way, and when it is tried again."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_ATTEMPTS = 10
#: After so long nobody needs the message any more.
MOST_AGE = timedelta(days=1)
#: So long the worker that sends it has it to itself; then it is dead, and another one sends it.
HOLD = timedelta(minutes=2)
_FIRST_PAUSE = timedelta(minutes=1)


class DeliveryState(enum.StrEnum):
    """How far a message is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt; it failed if there is an error, which holds no secret."""

    #: The status of an answer over HTTP, or the reply code of a mail server.
    answer_code: int | None = None
    error: str | None = None


def find_obstacle(attempts: int, queued_at: datetime, now: datetime) -> str | None:
    """Return why a message is not tried any more, or None if it is.

    After a pause of its notification it may be old; of a worker that is killed by each attempt
    nobody hears an outcome.
    """
    if attempts >= MOST_ATTEMPTS:
        return f"given up after {attempts} attempts; the last one ended without an outcome"
    return "given up: it is older than a day" if now > queued_at + MOST_AGE else None


def find_next_attempt(attempts: int, queued_at: datetime, now: datetime) -> datetime | None:
    """Return when a message is tried again after so many attempts, or None if it is given up."""
    if attempts >= MOST_ATTEMPTS:
        return None
    following = now + _FIRST_PAUSE * 2 ** (attempts - 1)
    return following if following <= queued_at + MOST_AGE else None

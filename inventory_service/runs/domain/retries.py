# SPDX-License-Identifier: Apache-2.0
"""Whether a run that ended is tried once more by itself: on which hosts, and after which pause."""

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from inventory_service.runs.domain.states import RunState

MOST_RETRIES = 10
#: Ends after which a template's policy orders a retry: what a person wanted is not among them, and
#: neither is a time-out, which would take as long again.
RETRIED = frozenset({RunState.FAILED, RunState.UNREACHABLE})


class RetryHosts(enum.StrEnum):
    """Which hosts a retry has."""

    FAILED = "failed"
    ALL = "all"


@dataclass(frozen=True)
class Attempt:
    """A run that has ended, as one of a chain of attempts."""

    state: RunState
    #: How many attempts were before it, and how many may follow the first.
    retry_no: int
    retries: int
    is_idempotent: bool
    #: It is itself there only because another one was lost.
    follows_loss: bool


def may_retry(attempt: Attempt) -> bool:
    """Return whether another attempt follows by itself.

    One that is lost is repeated once, only where its template says that this is safe: it may be why
    its worker is gone. One that failed is as often as its template has retries.
    """
    if attempt.state is RunState.LOST:
        return attempt.is_idempotent and not attempt.follows_loss
    return attempt.state in RETRIED and attempt.retry_no < attempt.retries


def choose_hosts(hosts: Sequence[str], failed: Collection[str], wanted: RetryHosts) -> list[str]:
    """Return the hosts of a retry; all of them if it failed as a whole, and not on a host."""
    chosen = [host for host in hosts if host in failed]
    return chosen if wanted is RetryHosts.FAILED and chosen else list(hosts)

# SPDX-License-Identifier: Apache-2.0
"""The states of a run, and which change into which."""

import enum

from inventory_service.core.errors import Conflict


class RunState(enum.StrEnum):
    """The phase of a run's life."""

    PENDING = "pending"
    BLOCKED = "blocked"
    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    REJECTED = "rejected"
    EXPIRED = "expired"


_S = RunState
#: How a run ends whose playbook was begun.
OUTCOMES = frozenset({_S.SUCCESSFUL, _S.FAILED, _S.UNREACHABLE, _S.CANCELLED, _S.TIMED_OUT})
#: Runs in these states never change again.
ENDED = OUTCOMES | {_S.LOST, _S.REJECTED, _S.EXPIRED}
#: Runs in these states have a supervisor, or get one; they hold their locks.
LIVE = frozenset({_S.STARTING, _S.RUNNING, _S.CANCELLING})
#: Runs in these states start as soon as a worker and their locks are free.
WAITING = frozenset({_S.QUEUED, _S.BLOCKED})

#: From each state, those that may follow.
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    _S.PENDING: frozenset({_S.QUEUED, _S.AWAITING_APPROVAL, _S.CANCELLED, _S.EXPIRED}),
    _S.AWAITING_APPROVAL: frozenset({_S.QUEUED, _S.REJECTED, _S.EXPIRED, _S.CANCELLED}),
    _S.QUEUED: frozenset({_S.BLOCKED, _S.STARTING, _S.CANCELLED, _S.EXPIRED}),
    _S.BLOCKED: frozenset({_S.QUEUED, _S.STARTING, _S.CANCELLED, _S.EXPIRED}),
    # Back to queued: its worker ended before anything was begun.
    _S.STARTING: frozenset({_S.RUNNING, _S.QUEUED, _S.CANCELLING, _S.FAILED, _S.LOST}),
    # Expired: what its plan rests on has changed, which only its supervisor can see.
    _S.RUNNING: (OUTCOMES - {_S.CANCELLED}) | {_S.CANCELLING, _S.LOST, _S.EXPIRED},
    # What ends by itself before it is stopped ends as it did.
    _S.CANCELLING: OUTCOMES | {_S.LOST, _S.EXPIRED},
} | {ended: frozenset[RunState]() for ended in ENDED}


def check_run_transition(run_id: int, present: RunState, wanted: RunState) -> None:
    """Raise Conflict if no run goes from one state to the other.

    :raises Conflict: there is no such transition.
    """
    if wanted not in TRANSITIONS[present]:
        ended = " It has ended." if present in ENDED else ""
        raise Conflict(f"Run {run_id} is {present}, and can't become {wanted}.{ended}")

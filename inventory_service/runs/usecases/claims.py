# SPDX-License-Identifier: Apache-2.0
"""Workers take runs, supervisors begin, keep and end them, and what both left is recovered."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.runs import queries
from inventory_service.runs.domain.locks import Choice, Obstacle, choose_starts
from inventory_service.runs.domain.plans import PlanResult
from inventory_service.runs.domain.states import LIVE, RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.slices import open_slices, settle

WORKER = Actor("worker", Channel.WORKER, Scope.ADMIN)
#: So often a run is taken whose worker ends before anything was begun.
MOST_ATTEMPTS = 3
#: How long a supervisor may take to begin, on a machine that has much to do.
STARTING_LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class TakenRun:
    """A run that a worker has taken, and the token by which it may write to it."""

    run_id: int
    claim_token: str


def has_changes(session: Session, worker: str, *, slots: int) -> bool:
    """Return whether `take_runs` would do something, which only then needs the write lock."""
    queue = _read_queue(session, worker, slots)
    return bool(queue.choice.starts) or any(
        run.state_reason != queue.explain(run) for run in queue.waiting
    )


def take_runs(
    session: Session, worker: str, *, owner: str, slots: int, lease: timedelta
) -> list[TakenRun]:
    """Take the runs that may start, oldest first, and record what the others wait for.

    Of a run that is sliced, the slices wait from then on; a worker takes them the next time.
    ``owner`` is the identity of the worker's process, which has them until their supervisors begin.
    """
    queue = _read_queue(session, worker, slots)
    taken = [TakenRun(run_id, secrets.token_urlsafe(32)) for run_id in queue.choice.starts]
    claimed = []
    for one in taken:
        run = queue.by_id[one.run_id]
        if run.is_sliced:
            open_slices(session, run)
            continue
        run.claim(worker, one.claim_token, owner, max(lease, STARTING_LEASE))
        claimed.append(one)
    # After the claims: what is waited for is shown in the state that it has from now on.
    for run in queue.waiting:
        reason = queue.explain(run)
        if reason is not None:
            run.block(reason)
        elif run.id not in queue.choice.starts:
            run.unblock()
    return claimed


@dataclass(frozen=True)
class _Queue:
    """The runs that wait, and which of them may start."""

    waiting: Sequence[Run]
    by_id: Mapping[int, Run]
    choice: Choice

    def explain(self, run: Run) -> str | None:
        """Return what a run waits for, if it is more than a worker."""
        obstacle = self.choice.blocked.get(run.id)
        return None if obstacle is None else _explain(obstacle, self.by_id[obstacle.holder])


def _read_queue(session: Session, worker: str, slots: int) -> _Queue:
    waiting = queries.list_waiting(session)
    live = queries.list_live(session)
    free = slots - sum(1 for run in live if run.worker == worker)
    choice = choose_starts(
        [run.get_claim() for run in waiting],
        [run.get_claim() for run in live],
        slots=max(free, 0),
    )
    return _Queue(waiting, {run.id: run for run in (*waiting, *live)}, choice)


def begin_run(session: Session, taken: TakenRun, supervisor: str, lease: timedelta) -> Run | None:
    """Return the run for its supervisor, or None if it is another's by now or was cancelled."""
    run = find_claimed(session, taken)
    if run is None:
        return None
    if run.state == RunState.CANCELLING:
        run.end(RunState.CANCELLED, run.state_reason, actor=WORKER)
        settle(session, run, WORKER)
        return None
    if run.state != RunState.STARTING:
        return None
    run.begin(supervisor, lease)
    return run


def renew_lease(session: Session, taken: TakenRun, lease: timedelta) -> bool:
    """Renew the lease of a run; return whether it is still this supervisor's."""
    run = find_claimed(session, taken)
    if run is not None:
        run.renew(lease)
    return run is not None


def end_run(
    session: Session,
    taken: TakenRun,
    state: RunState,
    why: str | None,
    *,
    exit_code: int | None,
    plan: PlanResult | None = None,
) -> bool:
    """End a run; return whether it was still this supervisor's."""
    run = find_claimed(session, taken)
    if run is None:
        return False
    if plan is not None:
        run.conclude(plan)
    if state is RunState.CANCELLED:
        why = run.state_reason
    is_wanted = run.state != RunState.CANCELLING
    run.end(state, why, actor=WORKER, exit_code=exit_code)
    settle(session, run, WORKER, is_wanted=is_wanted)
    return True


def find_claimed(session: Session, taken: TakenRun) -> Run | None:
    """Return the run if it is live and this claim's, or None."""
    run = session.get(Run, taken.run_id, populate_existing=True)
    is_ours = run is not None and run.claim_token == taken.claim_token
    return run if run is not None and is_ours and RunState(run.state) in LIVE else None


@dataclass(frozen=True)
class Orphan:
    """A live run without a supervisor."""

    taken: TakenRun
    #: Whether its supervisor was, or would have been, on the machine that asks.
    is_local: bool
    why: str


def list_orphans(session: Session, worker: str, is_alive: Callable[[str], bool]) -> list[Orphan]:
    """Return the live runs whose supervisor is gone.

    On its own machine a worker sees that at once; on others by the lease that has ended.
    """
    now, found = datetime.now(UTC), []
    for run in queries.list_live(session):
        if run.is_sliced:
            continue  # It needs none: it ends with the last of its slices.
        is_local = run.worker == worker
        has_lapsed = run.lease_until is not None and run.lease_until < now
        is_gone = is_local and not is_alive(run.supervisor or "")
        if is_gone:
            why = "its supervisor was killed" if run.started_at else "its worker was killed"
        else:
            why = f"worker {run.worker} gave no sign of life until {run.lease_until}"
        # A local supervisor that is there still works, whatever its lease says.
        is_silent = has_lapsed and not (is_local and run.started_at)
        if is_gone or is_silent:
            taken = TakenRun(run.id, run.claim_token or "")
            found.append(Orphan(taken, is_local, why))
    return found


def recover_run(session: Session, taken: TakenRun, why: str) -> Run | None:
    """End a run whose supervisor is gone as lost, or put it back into the queue if not begun.

    One that is lost is ordered again by itself, once, only where its template says that this is
    safe, and nobody has cancelled it.
    Returns the run, or None if it has another claim or has ended by now.
    """
    run = find_claimed(session, taken)
    if run is None:
        return None
    is_begun = run.started_at is not None
    # What no worker could begin would not be begun the next time.
    is_wanted = is_begun and run.state != RunState.CANCELLING
    if not is_begun and run.state == RunState.CANCELLING:
        run.end(RunState.CANCELLED, run.state_reason, actor=WORKER)
    elif not is_begun and run.attempt < MOST_ATTEMPTS:
        run.put_back(f"{why}, before it was begun")
    else:
        run.end(RunState.LOST, why, actor=WORKER)
    settle(session, run, WORKER, is_wanted=is_wanted)
    return run


def adopt_runs(
    session: Session, worker: str, is_alive: Callable[[str], bool], lease: timedelta
) -> list[int]:
    """Renew the lapsed leases of runs whose supervisors live on this machine; return their ids."""
    now, adopted = datetime.now(UTC), []
    for run in queries.list_live(session):
        has_lapsed = run.lease_until is not None and run.lease_until < now
        is_local = run.worker == worker and run.started_at is not None
        if has_lapsed and is_local and is_alive(run.supervisor or ""):
            run.renew(lease)
            adopted.append(run.id)
    return adopted


def _explain(obstacle: Obstacle, holder: Run) -> str:
    since = holder.started_at or holder.created_at
    who = f"run {holder.id} ({holder.template}, {holder.state} since {since:%Y-%m-%dT%H:%M:%SZ})"
    if not obstacle.lock:
        return f"waits for a place: {who} is in the way of the template's concurrency"
    kind, _, name = obstacle.lock.rpartition(":")
    what = f"the host {name}" if kind == "host" else f"the lock {name}"
    verb = "has it" if RunState(holder.state) in LIVE else "came first"
    return f"waits for {what}: {who} {verb}"

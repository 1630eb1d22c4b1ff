# SPDX-License-Identifier: Apache-2.0
"""Why a run waits, failed, or is what it is: from its state, who is in the way, and what failed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.redaction import redact
from inventory_service.runs import queries
from inventory_service.runs.domain.locks import HOST_LOCK, choose_starts
from inventory_service.runs.domain.states import ENDED, LIVE, WAITING, RunState
from inventory_service.runs.models.reports import StoredEvent
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.slices import list_report_ids

_MOST_FAILURES = 5
_MOST_WORDS = 300
_BAD = ("runner_on_failed", "runner_on_unreachable")
_MEANINGS = {
    RunState.PENDING: "It is being recorded.",
    RunState.QUEUED: "It waits for a worker with a free slot.",
    RunState.AWAITING_APPROVAL: "It waits for approvals.",
    RunState.STARTING: "A worker has taken it, and starts its supervisor.",
    RunState.RUNNING: "It runs.",
    RunState.CANCELLING: "It is being stopped.",
    RunState.SUCCESSFUL: "It has ended well.",
    RunState.FAILED: "A task failed, or the playbook could not be run.",
    RunState.UNREACHABLE: "Hosts could not be reached.",
    RunState.CANCELLED: "Somebody has cancelled it.",
    RunState.TIMED_OUT: "It took longer than its template allows.",
    RunState.LOST: "Its supervisor has ended without a word.",
    RunState.REJECTED: "Somebody has rejected it.",
    RunState.EXPIRED: "It was not approved in time, or what its plan rests on has changed.",
}


@dataclass(frozen=True)
class Explanation:
    """Why a run is as it is, in lines for people; secrets are hidden."""

    run: Run
    lines: Sequence[str]


def explain_run(session: Session, run: Run) -> Explanation:
    """Return why a run waits, failed, or is what it is."""
    state = RunState(run.state)
    lines = [] if state is RunState.BLOCKED else [_MEANINGS[state]]
    if run.state_reason and state is not RunState.BLOCKED:
        lines.append(f"Reason: {redact(run.state_reason)}")
    if state in WAITING:
        lines += _explain_waiting(session, run)
    if state in ENDED:
        lines += _list_failures(session, run)
    if run.exit_code:
        lines.append(f"Exit code of ansible-playbook: {run.exit_code}")
    if run.missing_events:
        lines.append(f"{run.missing_events} events of it are missing.")
    return Explanation(run, lines)


def _explain_waiting(session: Session, run: Run) -> Iterator[str]:
    """Yield what is in the way now, which may be another run than when a worker last looked."""
    live, waiting = queries.list_live(session), queries.list_waiting(session)
    claims = [one.get_claim() for one in waiting]
    choice = choose_starts(claims, [one.get_claim() for one in live], slots=len(claims))
    obstacle = choice.blocked.get(run.id)
    if obstacle is None:
        before = sum(one.id < run.id for one in waiting)
        yield f"{before} runs wait before it, {len(live)} are live. Nothing else is in its way."
        return
    holder = next(one for one in (*live, *waiting) if one.id == obstacle.holder)
    verb = "holds" if RunState(holder.state) in LIVE else "waits before it for"
    what = _name_lock(obstacle.lock) or f"the last place among the runs of {run.template}"
    by = f"run {holder.id} of {holder.template} by {holder.requested_by}"
    since = f" since {holder.started_at:%H:%M:%S} UTC" if holder.started_at else ""
    yield f"It is blocked: {by}, which is {holder.state}{since}, {verb} {what}."


def _name_lock(lock: str) -> str:
    if lock.startswith(HOST_LOCK):
        return f"the host {lock.removeprefix(HOST_LOCK)}"
    return f"the lock '{lock}'" if lock else ""


def _list_failures(session: Session, run: Run) -> Iterator[str]:
    """Yield the first tasks that failed, each with its host and what it said."""
    parts = list_report_ids(session, run)
    query = (
        select(StoredEvent)
        .where(StoredEvent.run_id.in_(parts), StoredEvent.kind.in_(_BAD))
        .order_by(StoredEvent.at, StoredEvent.counter)
        .limit(_MOST_FAILURES)
    )
    for event in session.scalars(query):
        what = "unreachable" if event.kind == _BAD[1] else "failed"
        words = " ".join(redact(event.text).split())[:_MOST_WORDS]
        yield f"{event.host}: task '{redact(event.task)}' {what}: {words}"
    failed = run.results.get("failed", 0) + run.results.get("unreachable", 0)
    if failed > _MOST_FAILURES:
        yield f"{failed} hosts failed or were unreachable: qm run hosts {run.id}"

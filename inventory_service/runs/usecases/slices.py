# SPDX-License-Identifier: Apache-2.0
"""Sliced runs: begun all slices at once, ended with the last of them, and shown as one."""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.runs import queries
from inventory_service.runs.domain.slices import SliceEnd, judge_slices
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.slices import RunSnapshot
from inventory_service.runs.usecases.retries import retry

#: What outsiders see of a slice, where its run is shown.
_FIELDS = (
    "id",
    "slice_no",
    "state",
    "state_reason",
    "host_count",
    "worker",
    "started_at",
    "ended_at",
)


def open_slices(session: Session, run: Run) -> None:
    """Begin a run that is sliced: all of its slices wait for workers from now on."""
    requester = Actor(run.requested_by, Channel.WORKER, Scope(run.scope))
    for part in run.open_slices():
        part.submit(session, requester, f"slice {part.slice_no} of run {run.id}")


def cancel_slices(session: Session, run: Run, actor: Actor, reason: str | None) -> None:
    """Cancel all slices of a run that have not ended."""
    for part in queries.list_slices(session, run.id):
        if RunState(part.state) not in ENDED:
            part.cancel(actor, reason)


def settle(session: Session, run: Run, actor: Actor, *, is_wanted: bool = True) -> None:
    """Do what an end entails: retry the run, or end the one whose last slice it was.

    To be called once, in the transaction of each end. ``is_wanted`` is False if somebody
    cancelled the run, however it ended then.

    Only one transaction at a time changes anything, so that one of them sees all slices ended.
    """
    if RunState(run.state) not in ENDED:
        return
    if run.slice_of is None:
        if is_wanted:
            retry(session, run)
        return
    whole = session.get_one(Run, run.slice_of)
    session.flush()
    parts = queries.list_slices(session, whole.id)
    if RunState(whole.state) in ENDED or any(RunState(one.state) not in ENDED for one in parts):
        return
    whole.count(**_add_up(parts))
    snapshot = session.get(RunSnapshot, whole.id)
    if snapshot is not None:
        session.delete(snapshot)
    ends = [
        SliceEnd(one.slice_no or 0, one.id, RunState(one.state), one.state_reason) for one in parts
    ]
    is_cancelled = whole.state == RunState.CANCELLING
    state, why = judge_slices(ends, is_cancelled=is_cancelled)
    whole.end(state, why, actor=actor)
    if is_wanted and not is_cancelled:
        retry(session, whole)


def share_snapshot(session: Session, run_id: int, inventory: bytes) -> bytes:
    """Return the inventory for all slices of a run: this one, unless there is one by now."""
    found = session.get(RunSnapshot, run_id)
    if found is None:
        found = RunSnapshot(run_id=run_id, body=zlib.compress(inventory, 1))
        session.add(found)
    return zlib.decompress(found.body)


def find_snapshot(session: Session, run_id: int) -> bytes | None:
    """Return the inventory that all slices of a run have; None if none has begun yet."""
    found = session.get(RunSnapshot, run_id)
    return None if found is None else zlib.decompress(found.body)


def show_counted(session: Session, run: Run) -> dict[str, Any]:
    """Return what outsiders see of a run; of a sliced one that is live, what its slices have."""
    shown = run.as_dict()
    if run.is_sliced and RunState(run.state) not in ENDED:
        counts = _add_up(queries.list_slices(session, run.id))
        shown |= {
            "event_count": counts["events"],
            "missing_events": counts["missing"],
            "results": counts["results"],
        }
    return shown


def show_slices(session: Session, run: Run) -> list[dict[str, Any]]:
    """Return what outsiders see of the slices of a run, in order."""
    if not run.is_sliced:
        return []
    parts = queries.list_slices(session, run.id)
    return [{name: getattr(part, name) for name in _FIELDS} for part in parts]


def list_report_ids(session: Session, run: Run) -> Sequence[int]:
    """Return the runs whose reports are those of this one: itself, or its slices."""
    if not run.is_sliced:
        return [run.id]
    return [part.id for part in queries.list_slices(session, run.id)]


def _add_up(parts: Iterable[Run]) -> dict[str, Any]:
    results: Counter[str] = Counter()
    events = missing = 0
    for part in parts:
        results.update(part.results)
        events, missing = events + part.event_count, missing + part.missing_events
    return {"events": events, "missing": missing, "results": dict(results)}

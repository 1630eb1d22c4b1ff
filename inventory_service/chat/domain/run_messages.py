# SPDX-License-Identifier: Apache-2.0
"""The message about a run: how far it is, how it ended, and what can be done about it now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from inventory_service.chat.domain.messages import Act, Button, Message
from inventory_service.runs.domain.states import ENDED, RunState

_MOST_NAMES = 10
_SHOWN_DIGEST = 12
_RESULTS = ("ok", "changed", "failed", "unreachable")


@dataclass(frozen=True)
class RunView:
    """What a message says about a run; secrets are hidden already."""

    id: int
    template: str
    state: RunState
    state_reason: str | None
    limit: str
    host_count: int
    results: dict[str, int]
    requested_by: str
    reason: str | None
    is_check: bool
    is_plan: bool
    digest: str | None
    changes: int | None
    approvals_needed: int
    approvals_given: int
    expires_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    link: str
    #: The task that is on now, and how many were begun.
    task: str | None = None
    task_count: int = 0
    #: Names, at most a few more than are shown.
    changed_hosts: Sequence[str] = ()
    changed_count: int = 0
    #: What the plan would change, a line a task.
    planned: Sequence[str] = ()
    #: The run that applies this plan.
    application: int | None = None


def make_run_message(run: RunView) -> Message:
    """Return the message about a run as it is now."""
    fields = [("State", run.state.value.replace("_", " "))]
    fields += _describe_order(run)
    fields += _describe_course(run)
    fields += _describe_plan(run)
    kind = " (plan)" if run.is_plan else " (check)" if run.is_check else ""
    planned = "\n".join(f"• {line}" for line in run.planned)
    return Message(
        title=f"Run {run.id} of {run.template}{kind}: {run.state.value.replace('_', ' ')}",
        text=f"What it would change:\n{planned}" if planned else "",
        fields=tuple(fields),
        buttons=list_buttons(run),
        link=run.link,
        is_public=True,
    ).cut()


def list_buttons(run: RunView) -> tuple[Button, ...]:
    """Return the buttons that do something to the run as it is now."""
    if run.state is RunState.AWAITING_APPROVAL:
        question = f"Approve run {run.id} of {run.template} on {_count_hosts(run.host_count)}?"
        return (
            Button(Act.APPROVE, run.id, run.digest, question),
            Button(Act.REJECT, run.id, run.digest),
            Button(Act.CANCEL, run.id),
        )
    if run.state not in ENDED and run.state is not RunState.CANCELLING:
        return (Button(Act.CANCEL, run.id, None, f"Cancel run {run.id} of {run.template}?"),)
    is_good_plan = run.is_plan and run.state is RunState.SUCCESSFUL and run.digest
    if is_good_plan and run.changes and run.application is None:
        return (Button(Act.APPLY, run.id, run.digest),)
    return ()


def _describe_order(run: RunView) -> list[tuple[str, str]]:
    limit = f", limit {run.limit}" if run.limit else ""
    fields = [("Hosts", f"{run.host_count}{limit}")]
    if run.state_reason:
        fields.append(("Why", run.state_reason))
    by = run.requested_by + (f": {run.reason}" if run.reason else "")
    return [*fields, ("Requested by", by)]


def _describe_course(run: RunView) -> list[tuple[str, str]]:
    fields = []
    if run.task and run.state not in ENDED:
        fields.append(("Task", f"{run.task_count}: {run.task}"))
    results = [f"{run.results[name]} {name}" for name in _RESULTS if run.results.get(name)]
    if results:
        fields.append(("Results", ", ".join(results)))
    if run.state in ENDED and run.changed_count:
        fields.append(("Changed hosts", name_hosts(run.changed_hosts, run.changed_count)))
    if run.started_at and run.ended_at:
        fields.append(("Duration", show_duration(run.started_at, run.ended_at)))
    return fields


def _describe_plan(run: RunView) -> list[tuple[str, str]]:
    fields = []
    if run.digest and run.changes is not None:
        digest = run.digest[:_SHOWN_DIGEST]
        fields.append(("Plan", f"{run.changes} changes, digest {digest}"))
    if run.approvals_needed:
        until = f", until {run.expires_at:%Y-%m-%d %H:%M} UTC" if run.expires_at else ""
        is_waiting = run.state is RunState.AWAITING_APPROVAL
        given = f"{run.approvals_given} of {run.approvals_needed}"
        fields.append(("Approvals", given + (until if is_waiting else "")))
    if run.application:
        fields.append(("Applied by", f"run {run.application}"))
    return fields


def name_hosts(names: Sequence[str], count: int) -> str:
    """Return some names, and how many more there are."""
    shown = names[:_MOST_NAMES]
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def show_duration(start: datetime, end: datetime) -> str:
    """Return a span of time as people read it."""
    seconds = round((end - start).total_seconds())
    minutes, seconds = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _count_hosts(count: int) -> str:
    return "1 host" if count == 1 else f"{count} hosts"

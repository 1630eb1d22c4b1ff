# SPDX-License-Identifier: Apache-2.0
"""Reads of chat that are larger than a row: identities, messages that are due, views of runs."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.domain.run_messages import RunView
from inventory_service.chat.domain.updates import Way
from inventory_service.chat.models.identities import ChatIdentity
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.core.redaction import redact
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.reports import HostResult, TaskResult
from inventory_service.runs.models.runs import Run

_MOST_LIMIT = 300
_MOST_HOSTS = 10
_MOST_TASKS = 15


def find_identity(session: Session, ids: tuple[str, str, str]) -> ChatIdentity | None:
    """Return the identity of a user, by platform, team and user, or None."""
    platform, team_id, user_id = ids
    query = select(ChatIdentity).where(
        ChatIdentity.platform == platform,
        ChatIdentity.team_id == team_id,
        ChatIdentity.user_id == user_id,
    )
    return session.scalars(query).one_or_none()


def list_due(
    session: Session, platform: str, now: datetime, *, limit: int
) -> Sequence[ChatMessage]:
    """Return the messages of a platform that may be sent now, those first that wait longest."""
    query = (
        select(ChatMessage)
        .outerjoin(Run, Run.id == ChatMessage.run_id)
        .where(
            ChatMessage.platform == platform,
            ChatMessage.ended_at.is_(None),
            ChatMessage.due_at <= now,
            ChatMessage.shown.is_(None) | _has_changed(),
        )
        .order_by(ChatMessage.due_at, ChatMessage.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def _has_changed() -> ColumnElement[bool]:
    """Return whether a run is not as its message saw it; many wait for approvals, unchanged."""
    ended = Run.state.in_(sorted(one.value for one in ENDED))
    is_changed = or_(
        Run.state != ChatMessage.seen_state,
        Run.revision != ChatMessage.seen_revision,
        Run.event_count != ChatMessage.seen_events,
        Run.state_reason.is_distinct_from(ChatMessage.seen_reason),
        # How far a sliced run is stands in the rows of its slices.
        (Run.slice_count > 0) & (Run.state == RunState.RUNNING.value),
    )
    # A reply can't be changed, and few are taken: only the end is worth one.
    return case((ChatMessage.way == Way.REPLY.value, ended), else_=is_changed)


def find_message(session: Session, sender: Sender, post_id: str) -> ChatMessage | None:
    """Return the message that the platform shows under an id, or None if we have not written it."""
    query = select(ChatMessage).where(
        ChatMessage.post_id == post_id,
        ChatMessage.platform == sender.platform,
        ChatMessage.channel_id == sender.channel_id,
    )
    return session.scalars(query).first()


def view_run(
    session: Session, run: Run, link_url: str, *, parts: Sequence[int], results: dict[str, int]
) -> RunView:
    """Return what a message says about a run, with its results.

    ``parts`` are the runs whose reports are its own: it itself, or its slices.
    """
    has_ended = RunState(run.state) in ENDED
    tasks, count = _find_task(session, parts) if run.started_at and not has_ended else (None, 0)
    changed = _list_changed_hosts(session, parts) if has_ended else []
    plan_id = run.id if run.is_plan else run.plan_of
    application = (
        session.scalar(select(Run.id).where(Run.plan_of == run.id)) if run.is_plan else None
    )
    return RunView(
        id=run.id,
        template=run.template,
        state=RunState(run.state),
        state_reason=redact(run.state_reason),
        limit=redact(run.limit[:_MOST_LIMIT]),
        host_count=run.host_count,
        results=results,
        requested_by=run.requested_by,
        reason=redact(run.reason),
        is_check=bool(run.options.get("check")),
        is_plan=bool(run.is_plan),
        digest=run.digest,
        changes=run.changes,
        approvals_needed=run.approvals_needed or 0,
        approvals_given=run.approvals_given or 0,
        expires_at=run.expires_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        link=f"{link_url}/api/v1/runs/{run.id}",
        task=redact(tasks),
        task_count=count,
        changed_hosts=changed,
        changed_count=results.get("changed", 0) if has_ended else 0,
        planned=_list_planned(session, plan_id) if _shows_plan(run) and plan_id else (),
        application=application,
    )


def _shows_plan(run: Run) -> bool:
    """Return whether somebody decides by the message whether the plan is good."""
    is_ready = run.is_plan and run.state == RunState.SUCCESSFUL
    return is_ready or run.state == RunState.AWAITING_APPROVAL


def _find_task(session: Session, parts: Sequence[int]) -> tuple[str | None, int]:
    query = select(TaskResult).where(TaskResult.run_id.in_(parts))
    last = session.scalars(query.order_by(TaskResult.number.desc()).limit(1)).first()
    return (None, 0) if last is None else (last.task, last.number)


def _list_changed_hosts(session: Session, parts: Sequence[int]) -> Sequence[str]:
    query = select(HostResult.host).where(HostResult.run_id.in_(parts), HostResult.changed > 0)
    return session.scalars(query.order_by(HostResult.host).limit(_MOST_HOSTS)).all()


def _list_planned(session: Session, plan_id: int) -> list[str]:
    is_of_plan = (Run.id == plan_id) | (Run.slice_of == plan_id)
    hosts = func.sum(TaskResult.changed)
    query = (
        select(TaskResult.task, hosts)
        .join(Run, Run.id == TaskResult.run_id)
        .where(is_of_plan, TaskResult.changed > 0)
        .group_by(TaskResult.number, TaskResult.task)
        .order_by(TaskResult.number, TaskResult.task)
        .limit(_MOST_TASKS + 1)
    )
    found = [(redact(row[0]), row[1]) for row in session.execute(query)]
    lines = [f"{task}: on {count} host{'s' if count > 1 else ''}" for task, count in found]
    return [*lines[:_MOST_TASKS], "and more"] if len(lines) > _MOST_TASKS else lines

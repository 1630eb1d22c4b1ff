# SPDX-License-Identifier: Apache-2.0
"""Retries: the next attempt of a run that ended badly, made in the transaction of that end."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.runs import queries
from inventory_service.runs.domain.retries import Attempt, RetryHosts, choose_hosts, may_retry
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.unfinished_hosts import list_unfinished_hosts


def retry(session: Session, run: Run) -> Run | None:
    """Order the next attempt of a run that has just ended, if there is to be one."""
    before = None if run.retry_of is None else session.get(Run, run.retry_of)
    attempt = Attempt(
        RunState(run.state),
        retry_no=run.retry_no,
        retries=run.retries,
        is_idempotent=run.is_idempotent,
        follows_loss=before is not None and before.state == RunState.LOST,
    )
    if run.is_slice or run.is_plan or not may_retry(attempt):
        return None
    is_lost = attempt.state is RunState.LOST
    hosts = list(run.hosts) if is_lost else _choose_hosts(session, run)
    again = run.make_retry(hosts)
    why = f"run {run.id} was lost"
    if not is_lost:
        again.count_retry()
        why = f"retry {again.retry_no} of {run.retries}: run {run.id} is {run.state}"
    again.submit(session, Actor(run.requested_by, Channel.WORKER, Scope(run.scope)), why)
    if not is_lost:
        again.wait_until(datetime.now(UTC) + timedelta(seconds=run.retry_pause_s))
    return again


def _choose_hosts(session: Session, run: Run) -> list[str]:
    failed = (
        list_unfinished_hosts(session, run)
        if run.is_sliced
        else set(queries.list_failed_hosts(session, [run.id]))
    )
    return choose_hosts(run.hosts, failed, RetryHosts(run.retry_hosts))

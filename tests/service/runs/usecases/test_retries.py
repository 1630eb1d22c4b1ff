# SPDX-License-Identifier: Apache-2.0
"""What failed is ordered again with its end: once, later, and on the hosts that failed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.reports import HostResult
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.claims import TakenRun, end_run, take_runs
from inventory_service.runs.usecases.orders import cancel_run
from tests.service.run_rows import HOSTS, LEASE, OPERATOR, add_template, order, start

NOTHING = dict.fromkeys(
    ("ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored"), 0
)


def fail(session: Session, state: str = "failed", host: str = "web-1") -> TakenRun:
    """Have the only run that waits end badly on a host."""
    (taken,) = start(session)
    session.add(HostResult(run_id=taken.run_id, host=host, **NOTHING | {"failed": 1}))
    assert end_run(session, taken, RunState(state), "the reason", exit_code=2)
    return taken


def find_retry(session: Session, run_id: int) -> Run | None:
    return session.scalars(select(Run).where(Run.retry_of == run_id)).one_or_none()


@pytest.mark.parametrize(("hosts", "chosen"), [("failed", ["web-1"]), ("all", HOSTS)])
def test_a_run_that_failed_is_tried_again_as_often_as_its_template_has_it(
    store: Database, hosts: str, chosen: list[str]
) -> None:
    with store.writing() as session:
        add_template(session, retries=2, retry_pause_s=0, retry_hosts=hosts)
        run = order(session)
        for number in (1, 2):
            fail(session)
            again = find_retry(session, run.id)
            assert again is not None
            assert (again.retry_no, again.retries, again.hosts) == (number, 2, chosen)
            assert (again.requested_by, again.door) == (run.requested_by, "worker")
            assert again.reason == f"retry {number} of 2: run {run.id} is failed"
            run = again
        fail(session)
        assert find_retry(session, run.id) is None


def test_no_worker_takes_a_retry_before_its_time(store: Database) -> None:
    with store.writing() as session:
        add_template(session, retries=1, retry_pause_s=300, host_lock="exclusive")
        run = order(session)
        before = datetime.now(UTC)
        fail(session)
        again = find_retry(session, run.id)
        assert again is not None
        assert again.not_before is not None
        wait = again.not_before - before
        assert timedelta(seconds=300) <= wait < timedelta(seconds=330)
        assert again.state_reason is not None
        assert again.state_reason.startswith("waits until ")
        # Until then it is in nobody's way.
        other = order(session)
        assert [one.run_id for one in start(session)] == [other.id]
        again.not_before = datetime.now(UTC)
        take_runs(session, "w1", owner="1:1:1", slots=9, lease=LEASE)
        assert again.state == "blocked"


@pytest.mark.parametrize("state", ["successful", "timed_out"])
def test_other_ends_are_not_retried(store: Database, state: str) -> None:
    with store.writing() as session:
        add_template(session, retries=2)
        run = order(session)
        fail(session, state)
        assert find_retry(session, run.id) is None


def test_a_cancel_ends_the_chain(store: Database) -> None:
    with store.writing() as session:
        add_template(session, retries=2, retry_pause_s=0)
        run = order(session)
        (taken,) = start(session)
        cancel_run(session, OPERATOR, run.id, None)
        # It failed before it could be stopped.
        end_run(session, taken, RunState.FAILED, "the reason", exit_code=2)
        assert find_retry(session, run.id) is None
        second = order(session)
        fail(session)
        again = find_retry(session, second.id)
        assert again is not None
        cancel_run(session, OPERATOR, again.id, None)
        assert (again.state, find_retry(session, again.id)) == ("cancelled", None)


def test_neither_plans_nor_slices_are_retried_but_the_sliced_run_is(store: Database) -> None:
    with store.writing() as session:
        add_template(session, retries=1, retry_pause_s=0)
        plan = order(session, plan=True)
        fail(session)
        assert find_retry(session, plan.id) is None
        run = order(session, slices=3)
        assert start(session) == []
        first, second, third = start(session)
        session.add(HostResult(run_id=second.run_id, host="web-1", **NOTHING | {"failed": 1}))
        for taken, state in ((first, "successful"), (second, "failed"), (third, "successful")):
            end_run(session, taken, RunState(state), None, exit_code=0)
        assert [find_retry(session, one.run_id) for one in (first, second, third)] == [None] * 3
        again = find_retry(session, run.id)
        assert again is not None
        assert (again.hosts, again.slice_count) == (["web-1"], 0)

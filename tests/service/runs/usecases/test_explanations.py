# SPDX-License-Identifier: Apache-2.0
"""Why a run waits or failed is said, with who is in the way and what failed."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.locks import LockMode
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.reports import StoredEvent
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.claims import WORKER
from inventory_service.runs.usecases.explanations import explain_run
from tests.service.conftest import provide_accounts
from tests.service.run_rows import ADMIN, OPERATOR, add_template, order, start


def explain(session: Session, run: Run) -> str:
    return "\n".join(explain_run(session, run).lines)


@pytest.fixture
def session_of(store: Database) -> Database:
    with store.writing() as session:
        provide_accounts(session, ADMIN, OPERATOR)
        add_template(session, host_lock=LockMode.EXCLUSIVE)
        add_template(session, "one", concurrency=1)
    return store


def test_a_blocked_run_names_who_is_in_its_way(session_of: Database) -> None:
    with session_of.writing() as session:
        first, second = order(session, limit="web-1"), order(session, limit="web-1,web-2")
        third = order(session, limit="web-2")
        start(session)
        assert first.state == RunState.RUNNING
        said = explain(session, second)
        assert f"run {first.id} of deploy by olaf, which is running since" in said
        assert said.endswith("holds the host web-1.")
        # What waits before it is kept for that one.
        assert f"run {second.id} of deploy by olaf, which is" in explain(session, third)
        assert "waits before it for the host web-2" in explain(session, third)


def test_a_run_without_a_place_names_who_has_it(session_of: Database) -> None:
    with session_of.writing() as session:
        first, second = order(session, "one"), order(session, "one")
        start(session)
        said = explain(session, second)
    assert f"run {first.id}" in said
    assert "the last place among the runs of one" in said


def test_a_run_that_nothing_blocks_says_what_is_before_it(session_of: Database) -> None:
    with session_of.writing() as session:
        order(session, limit="web-1")
        second = order(session, limit="web-2")
        said = explain(session, second)
    assert "waits for a worker" in said
    assert "1 runs wait before it, 0 are live" in said


def test_a_failed_run_says_what_failed_and_no_token(session_of: Database) -> None:
    with session_of.writing() as session:
        run = order(session, limit="web-1")
        start(session)
        for counter in range(1, 8):
            session.add(
                StoredEvent(
                    run_id=run.id,
                    counter=counter,
                    kind="runner_on_failed" if counter % 2 else "runner_on_unreachable",
                    at=datetime.now(UTC),
                    task=f"Task {counter}",
                    host=f"web-{counter}",
                    is_changed=False,
                    text="fatal:\n  qm_0123456789ab_" + "A" * 43 + " " + "x" * 900,
                )
            )
        run.count(events=7, missing=2, results={"failed": 4, "unreachable": 3})
        run.end(RunState.FAILED, "failed on web-1", actor=WORKER, exit_code=2)
        said = explain(session, run)
    assert "Reason: failed on web-1" in said
    assert "web-1: task 'Task 1' failed: fatal: qm_0123456789ab_(hidden)" in said
    assert "web-2: task 'Task 2' unreachable" in said
    assert "Task 6" not in said
    assert f"7 hosts failed or were unreachable: qm run hosts {run.id}" in said
    assert "Exit code of ansible-playbook: 2" in said
    assert "2 events of it are missing" in said
    assert max(map(len, said.splitlines())) < 400


def test_each_state_is_explained(session_of: Database) -> None:
    with session_of.writing() as session:
        run = order(session)
        for state in RunState:
            run.state, run.state_reason = state.value, None
            session.flush()
            assert explain_run(session, run).lines or state is RunState.BLOCKED, state

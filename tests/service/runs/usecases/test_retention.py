# SPDX-License-Identifier: Apache-2.0
"""Events are forgotten after a time, but never the last ones of a template, nor the log."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from inventory_service.core.database.engine import Database
from inventory_service.runs import queries
from inventory_service.runs.domain.events import RunEvent, Tally
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.claims import begin_run, end_run, take_runs
from inventory_service.runs.usecases.orders import get_run, order_run
from inventory_service.runs.usecases.reports import store_events, store_log
from inventory_service.runs.usecases.retention import prune_events
from inventory_service.runs.usecases.templates import register_template
from tests.service.conftest import ACTOR

PLAYBOOK = "playbooks/hello.yml"
SOURCES = RunSources(lambda: {PLAYBOOK}, lambda _session, _filters: [Target("web-1", ["web"])])
LEASE = timedelta(seconds=30)
MONTH = timedelta(days=30)


@pytest.fixture
def ended(store: Database) -> list[int]:
    """Four runs with three events each; they ended 40, 31, 29 and 0 days ago."""
    with store.writing() as session:
        wanted = TemplateRegistration(template="hello", playbook=PLAYBOOK, host_lock=None)
        register_template(session, ACTOR, wanted, sources=SOURCES)
        for _ in range(4):
            order_run(session, ACTOR, RunOrder(template="hello"), sources=SOURCES)
        taken = take_runs(session, "here", owner="1:1:1", slots=9, lease=LEASE)
        for one, days in zip(taken, (40, 31, 29, 0), strict=True):
            begin_run(session, one, "1:1:1", LEASE)
            tally, now = Tally(), datetime.now(UTC)
            events = [RunEvent(number, "verbose", now, "text") for number in (1, 2, 3)]
            tally.add(events)
            store_events(session, get_run(session, one.run_id), events, tally)
            store_log(session, one.run_id, 0, b"")
            end_run(session, one, RunState.SUCCESSFUL, None, exit_code=0)
            session.flush()
            session.execute(
                update(Run).where(Run.id == one.run_id).values(ended_at=now - timedelta(days=days))
            )
    return [one.run_id for one in taken]


def prune(store: Database, *, keep_runs: int = 0, limit: int = 1000) -> list[int]:
    """Prune until nothing is left to prune; return how many each time."""
    found = []
    while True:
        with store.writing() as session:
            found.append(prune_events(session, MONTH, keep_runs=keep_runs, limit=limit))
        if not found[-1]:
            return found[:-1]


def count(store: Database, ids: list[int]) -> list[int]:
    with store.reading() as session:
        return [len(queries.list_events(session, one, after=0, limit=99)) for one in ids]


def test_events_past_their_retention_go_and_the_log_stays(
    store: Database, ended: list[int]
) -> None:
    assert prune(store) == [3, 3]
    assert count(store, ended) == [0, 0, 3, 3]
    with store.reading() as session:
        assert [queries.list_log_numbers(session, one) for one in ended] == [[0]] * 4


def test_they_go_in_batches(store: Database, ended: list[int]) -> None:
    assert prune(store, limit=2) == [2, 1, 2, 1]
    assert count(store, ended) == [0, 0, 3, 3]


@pytest.mark.parametrize(("keep_runs", "left"), [(2, [0, 0]), (3, [0, 3]), (4, [3, 3])])
def test_those_of_the_last_runs_of_a_template_are_kept(
    store: Database, ended: list[int], keep_runs: int, left: list[int]
) -> None:
    prune(store, keep_runs=keep_runs)
    assert count(store, ended[:2]) == left


def test_without_a_retention_all_are_kept(store: Database, ended: list[int]) -> None:
    with store.writing() as session:
        assert prune_events(session, None, keep_runs=0, limit=9) == 0
    assert count(store, ended) == [3] * 4

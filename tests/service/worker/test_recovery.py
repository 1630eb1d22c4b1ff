# SPDX-License-Identifier: Apache-2.0
"""A run whose supervisor is gone gets a true end, and what it left behind is ended and stored."""

import subprocess
import sys
from datetime import timedelta

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.pagination import Page, SortKey
from inventory_service.identity.models.tokens import Token
from inventory_service.runs.domain.plans import PlanBasis, PlanResult
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.runner.folders import MARK
from inventory_service.runs.runner.processes import identify
from inventory_service.runs.usecases.claims import begin_run, take_runs
from inventory_service.runs.usecases.credentials import give_token
from inventory_service.runs.usecases.orders import cancel_run, get_run, list_runs
from inventory_service.settings import Settings
from inventory_service.worker.places import get_places
from inventory_service.worker.recovery import recover
from inventory_service.worker.spool import SpooledEnd
from tests.service.conftest import ACTOR
from tests.service.worker.conftest import LEASE, Runs, identify_self, make_event, write_spool

PAST = timedelta(seconds=-1)


def test_a_run_whose_supervisor_was_killed_is_lost_at_once(
    store: Database, runs: Runs, settings: Settings, dead: str
) -> None:
    taken = runs.begin(dead)
    with store.writing() as session:
        give_token(session, get_run(session, taken.run_id))
    recover(store, settings)
    found = runs.get(taken.run_id)
    assert (found["state"], found["state_reason"]) == ("lost", "its supervisor was killed")
    assert found["ended_at"] is not None
    with store.reading() as session:
        assert [bool(token.revoked_at) for token in session.query(Token)] == [True]


def test_what_it_had_spooled_is_stored_with_its_true_end(
    store: Database, runs: Runs, settings: Settings, dead: str
) -> None:
    taken = runs.begin(dead)
    places = get_places(settings, taken.run_id, 1)
    places.folder.mkdir(parents=True)
    end = SpooledEnd(RunState.FAILED, "failed on web-1", 2)
    write_spool(places.spool, [make_event(1), make_event(2)], end)
    recover(store, settings)
    found = runs.get(taken.run_id)
    assert (found["state"], found["state_reason"]) == ("failed", "failed on web-1")
    assert (found["exit_code"], found["event_count"]) == (2, 2)
    assert not places.folder.exists()


def test_a_plan_whose_supervisor_was_killed_last_keeps_its_digest(
    store: Database, runs: Runs, settings: Settings, dead: str
) -> None:
    taken = runs.take(is_plan=True)
    with store.writing() as session:
        assert begin_run(session, taken, dead, LEASE)
    places = get_places(settings, taken.run_id, 1)
    places.folder.mkdir(parents=True)
    plan = PlanResult("d" * 64, 3, PlanBasis("a", "b", "c"))
    write_spool(places.spool, [make_event(1)], SpooledEnd(RunState.SUCCESSFUL, None, 0, plan))
    recover(store, settings)
    found = runs.get(taken.run_id)
    assert (found["state"], found["digest"], found["changes"]) == ("successful", "d" * 64, 3)


def test_processes_that_it_left_are_ended_before_it_is_said_to_be_lost(
    store: Database, runs: Runs, settings: Settings, dead: str
) -> None:
    taken = runs.begin(dead)
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print(1, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env={MARK: taken.claim_token, "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        recover(store, settings)
        assert runs.get(taken.run_id)["state"] == "lost"
        assert identify(process.pid) is None


def test_a_live_supervisor_keeps_its_run_though_the_lease_has_ended(
    store: Database, runs: Runs, settings: Settings
) -> None:
    taken = runs.begin(identify_self(), lease=PAST)
    recover(store, settings)
    assert runs.get(taken.run_id)["state"] == "running"
    with store.reading() as session:
        run = get_run(session, taken.run_id)
        assert run.lease_until is not None
        assert run.started_at is not None
        assert run.lease_until > run.started_at


@pytest.mark.parametrize(
    ("lease", "state"), [(timedelta(seconds=30), "running"), (PAST, "lost")], ids=["live", "over"]
)
def test_of_another_machine_the_lease_decides(
    store: Database, runs: Runs, settings: Settings, dead: str, lease: timedelta, state: str
) -> None:
    taken = runs.begin(dead, worker="there", lease=lease)
    recover(store, settings)
    assert runs.get(taken.run_id)["state"] == state


def test_a_run_that_was_not_begun_is_taken_again_but_not_for_ever(
    store: Database, runs: Runs, settings: Settings, dead: str
) -> None:
    taken = runs.take(owner=dead)
    recover(store, settings)
    found = runs.get(taken.run_id)
    assert found["state"] == "queued"
    assert found["state_reason"] == "its worker was killed, before it was begun"
    for _ in range(2):
        with store.writing() as session:
            assert take_runs(session, "here", owner=dead, slots=1, lease=PAST)
        recover(store, settings)
    assert runs.get(taken.run_id)["state"] == "lost"


def test_a_run_whose_worker_is_still_starting_it_is_left_alone(
    store: Database, runs: Runs, settings: Settings
) -> None:
    taken = runs.take()
    recover(store, settings)
    assert runs.get(taken.run_id)["state"] == "starting"


def test_a_run_that_was_cancelled_before_it_was_begun_is_cancelled(
    store: Database, runs: Runs, settings: Settings, dead: str
) -> None:
    taken = runs.take(owner=dead)
    with store.writing() as session:
        cancel_run(session, ACTOR, taken.run_id, "no need")
    recover(store, settings)
    found = runs.get(taken.run_id)
    assert (found["state"], found["state_reason"]) == ("cancelled", "cancelled by tester: no need")


def test_only_what_is_safe_to_repeat_is_ordered_again(
    store: Database, runs: Runs, settings: Settings, dead: str
) -> None:
    first = runs.begin(dead)
    run_id = runs.order(is_idempotent=True)
    with store.writing() as session:
        [taken] = take_runs(session, "here", owner=dead, slots=9, lease=PAST)
        begin_run(session, taken, dead, timedelta(seconds=30))
    recover(store, settings)
    with store.reading() as session:
        page = Page((SortKey("id"),), 10)
        found = [(run.id, run.state, run.relaunch_of) for run in list_runs(session, {}, page)]
    assert found == [
        (first.run_id, "lost", None),
        (run_id, "lost", None),
        (run_id + 1, "queued", run_id),
    ]

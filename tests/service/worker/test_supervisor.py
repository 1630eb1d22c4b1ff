# SPDX-License-Identifier: Apache-2.0
"""A supervisor runs what it was given, and records its end; with real Ansible in tests/e2e/runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.events import Tally
from inventory_service.runs.domain.outcomes import Ending
from inventory_service.runs.domain.plans import PlanBasis, PlanResult
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.runner.folders import RunInput
from inventory_service.runs.usecases.claims import TakenRun
from inventory_service.runs.usecases.orders import cancel_run
from inventory_service.settings import Settings
from inventory_service.worker import supervisor
from inventory_service.worker.places import Places
from inventory_service.worker.preparation import Prepared
from inventory_service.worker.spool import SpooledEnd
from inventory_service.worker.supervisor import Assignment
from tests.service.conftest import ACTOR
from tests.service.worker.conftest import Runs

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


def supervise(taken: TakenRun, settings: Settings) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "inventory_service.worker.supervisor"],
        input=Assignment(taken, settings, ENVIRONMENT).to_json(),
        env=ENVIRONMENT,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=False,
        timeout=120,
    )


def test_an_assignment_comes_back_as_it_was_given(settings: Settings) -> None:
    given = Assignment(TakenRun(7, "token"), settings, {"PATH": "/bin"})
    assert Assignment.from_json(given.to_json()) == given


def test_an_assignment_holds_no_password_of_the_mail_server(settings: Settings) -> None:
    known = settings.model_copy(update={"smtp_url": "smtps://qm:sentinel@mail.example"})
    given = Assignment(TakenRun(7, "x"), known, ENVIRONMENT).to_json()
    assert b"sentinel" not in given
    assert not Assignment.from_json(given).settings.smtp_url


def test_a_run_that_cannot_begin_fails_with_the_reason(
    runs: Runs, settings: Settings, playbooks: Path
) -> None:
    taken = runs.take()
    (playbooks / "playbooks" / "hello.yml").unlink()
    done = supervise(taken, settings)
    assert done.returncode == 0, done.stderr
    found = runs.get(taken.run_id)
    assert found["state"] == "failed"
    assert "no playbook 'playbooks/hello.yml'" in str(found["state_reason"])
    assert not [*settings.run_dir.iterdir()]


@pytest.mark.parametrize("is_cancelled", [True, False], ids=["cancelled", "taken"])
def test_what_is_not_its_own_any_more_is_not_begun(
    store: Database, runs: Runs, settings: Settings, *, is_cancelled: bool
) -> None:
    taken = runs.take()
    if is_cancelled:
        with store.writing() as session:
            cancel_run(session, ACTOR, taken.run_id, None)
    else:
        taken = TakenRun(taken.run_id, "another")
    assert supervise(taken, settings).returncode == 0
    found = runs.get(taken.run_id)
    assert found["state"] == ("cancelled" if is_cancelled else "starting")
    assert found["started_at"] is None


def test_nothing_is_run_of_a_plan_whose_basis_has_changed(runs: Runs, settings: Settings) -> None:
    taken = runs.apply(PlanResult("d" * 64, 1, PlanBasis("a", "b", "c")))
    done = supervise(taken, settings)
    assert done.returncode == 0, done.stderr
    found = runs.get(taken.run_id)
    assert (found["state"], found["exit_code"], found["event_count"]) == ("expired", None, 0)
    changed = "the order, the playbook and the fleet have changed since plan"
    assert str(found["state_reason"]).startswith(changed)
    assert not [*settings.run_dir.iterdir()]


#: The last state, whether the recap and all events are there, and whether it is a plan.
ENDS = [
    (RunState.SUCCESSFUL, True, 0, True, True),
    (RunState.FAILED, True, 0, True, False),
    (RunState.SUCCESSFUL, False, 0, True, False),
    (RunState.SUCCESSFUL, True, 1, True, False),
    (RunState.SUCCESSFUL, True, 0, False, False),
]


@pytest.mark.parametrize(("state", "has_recap", "missing", "is_plan", "is_bound"), ENDS)
def test_only_a_whole_plan_that_has_ended_well_gets_a_digest(
    tmp_path: Path,
    state: RunState,
    missing: int,
    *,
    has_recap: bool,
    is_plan: bool,
    is_bound: bool,
) -> None:
    places = Places(tmp_path)
    places.spool.touch()
    tally = Tally()
    tally.has_recap, tally.missing = has_recap, missing
    wanted = RunInput("p", tmp_path, b"", (), (), {}, {}, {})
    prepared = Prepared(wanted, frozenset(), is_plan, PlanBasis("a", "b", "c"))
    end = supervisor._conclude(SpooledEnd(state, None, 0), tally, prepared, places)
    assert (end.plan is not None) == is_bound


def test_a_timeout_names_the_limits() -> None:
    ending = Ending(None, is_timed_out=True)
    end = supervisor._judge(ending, Tally(), {"timeout_s": 60, "idle_timeout_s": 5})
    assert end.state is RunState.TIMED_OUT
    assert end.why == "took longer than 60 s, or was silent for 5 s"

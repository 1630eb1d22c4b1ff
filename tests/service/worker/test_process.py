# SPDX-License-Identifier: Apache-2.0
"""A worker takes what may start, as many as it has slots for, and stops when it is asked to."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from sqlalchemy import update

from inventory_service.core.database.engine import Database
from inventory_service.runs.models.runs import Run
from inventory_service.settings import Settings
from inventory_service.worker import process
from inventory_service.worker.process import Worker
from inventory_service.worker.supervisor import Assignment
from tests.service.schedule_rows import Schedules
from tests.service.worker.conftest import MACHINE, PLAYBOOK, Runs


def test_it_takes_the_oldest_as_many_as_it_has_slots_for(runs: Runs, settings: Settings) -> None:
    ids = [runs.order() for _ in range(3)]
    started: list[Assignment] = []
    worker = Worker(settings.model_copy(update={"worker_slots": 2}), start=started.append)
    worker.turn()
    assert [one.taken.run_id for one in started] == ids[:2]
    assert [runs.get(run_id)["state"] for run_id in ids] == ["starting", "starting", "queued"]
    assert runs.get(ids[0])["worker"] == MACHINE
    assert worker.turn() == []


def test_a_supervisor_gets_the_allowed_environment_only(
    runs: Runs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "do not pass on")
    monkeypatch.setenv("HCLOUD_TOKEN", "named")
    runs.order()
    started: list[Assignment] = []
    allowed = settings.model_copy(update={"run_environment": "HCLOUD_TOKEN"})
    Worker(allowed, start=started.append).turn()
    [one] = started
    assert one.environment["HCLOUD_TOKEN"] == "named"
    assert "PATH" in one.environment
    assert "SECRET_KEY" not in one.environment


def test_runs_are_recovered_from_time_to_time(
    store: Database, runs: Runs, settings: Settings, dead: str
) -> None:
    taken = runs.begin(dead)
    Worker(settings, start=lambda _assignment: None).turn()
    assert runs.get(taken.run_id)["state"] == "lost"
    assert store is not None


def test_runs_that_nobody_approved_in_time_are_ended(
    store: Database, runs: Runs, settings: Settings
) -> None:
    run_id = runs.order()
    with store.writing() as session:
        late = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(
            update(Run)
            .where(Run.id == run_id)
            .values(state="awaiting_approval", expires_at=late, approvals_needed=1)
        )
    Worker(settings, start=lambda _assignment: None).turn()
    assert runs.get(run_id)["state"] == "expired"


def test_an_idle_worker_takes_no_write_lock(
    runs: Runs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [runs.order() for _ in range(2)]
    worker = Worker(settings.model_copy(update={"worker_slots": 1}), start=lambda _: None)
    assert len(worker.turn()) == 1

    monkeypatch.setattr(worker._database, "writing", refuse_writing)
    assert worker.turn() == []
    assert runs.get(ids[1])["state"] == "queued"


def test_what_is_due_is_ordered_and_taken_in_the_turn_after(
    store: Database, runs: Runs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedules = Schedules(store, hosts=[MACHINE], playbooks={PLAYBOOK})
    schedules.add_template(playbook=PLAYBOOK)
    schedules.add("2027-01-01 20:00")
    worker = Worker(settings, start=lambda _assignment: None)
    monkeypatch.setattr(worker, "_sources", schedules.sources)
    monkeypatch.setattr(process, "datetime", Clock)
    assert worker.turn() == []
    [taken] = worker.turn()
    assert runs.get(taken.run_id)["requested_by"] == "ada"
    assert schedules.get()["last_run_id"] == taken.run_id
    monkeypatch.setattr(worker._database, "writing", refuse_writing)
    assert worker.turn() == []


def test_a_worker_knows_playbooks_and_hosts_as_the_service_does(
    store: Database, settings: Settings
) -> None:
    sources = Worker(settings, start=lambda _assignment: None)._sources
    assert PLAYBOOK in sources.list_playbooks()
    with store.reading() as session:
        assert [*sources.list_targets(session, {})] == []


def refuse_writing() -> None:
    raise AssertionError("it writes")


class Clock(datetime):
    """A clock at two in the morning."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Clock":
        return cls(2027, 1, 2, 2, tzinfo=tz)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_asked_to(
    settings: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-m", "inventory_service.cli", "worker"]
    variables = {
        "QM_DATABASE_URL": settings.database_url,
        "QM_PLAYBOOKS_DIR": str(settings.playbooks_dir),
        "QM_RUN_DIR": str(settings.run_dir),
    }
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env={**os.environ, **variables}, stdout=output) as process,
    ):
        deadline = time.monotonic() + 60
        while b'"working"' not in log.read_bytes():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(30) == 0

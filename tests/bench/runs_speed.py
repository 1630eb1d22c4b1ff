# SPDX-License-Identifier: Apache-2.0
"""Runs through the service beside a bare ansible-playbook, and what becomes of their events."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inventory_service.core.database.schema import upgrade
from inventory_service.database import open_database
from inventory_service.runs.domain.events import RunEvent
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.usecases.claims import begin_run, take_runs
from inventory_service.runs.usecases.orders import order_run
from inventory_service.runs.usecases.templates import register_template
from inventory_service.settings import Settings
from inventory_service.worker.spool import SpoolWriter
from inventory_service.worker.storing import Storing
from tests.bench.figures import Figure
from tests.e2e.runs.running import NODES, RunService
from tests.service.conftest import ACTOR

_STEPS = 60
_EVENTS = 30_000
_LEASE = timedelta(minutes=10)


def measure(repeat: int) -> Iterator[Figure]:
    """Yield the figures; each is the median of so many turns."""
    with tempfile.TemporaryDirectory() as name:
        yield _measure_storing(Path(name))
    with tempfile.TemporaryDirectory() as name:
        service = RunService(Path(name), f"sqlite:///{name}/fleet.sqlite")
        service.start_worker()
        try:
            yield from _measure_runs(service, Path(name), repeat)
        finally:
            service.stop()


def _measure_runs(service: RunService, folder: Path, repeat: int) -> Iterator[Figure]:
    bare, through, first, lags = [], [], [], []
    for _ in range(repeat):
        bare.append(_time_bare(folder))
        begun = datetime.now(UTC)
        run_id = service.order("steps", steps=_STEPS)
        lag, first_task = _follow(service, run_id)
        found = service.wait_for(run_id)
        assert found["state"] == "successful", found
        through.append((datetime.fromisoformat(found["ended_at"]) - begun).total_seconds())
        first.append((first_task - begun).total_seconds())
        lags.append(lag)
    whole, alone = statistics.median(through), statistics.median(bare)
    note = f"{whole:.1f} s beside {alone:.1f} s, from the order to the recorded end"
    yield Figure(
        "a run through the service / bare ansible-playbook", whole / alone, "", 1.05, note=note
    )
    yield Figure("from the order to the first task", statistics.median(first), "s", 1.0)
    note = "median of all events, by long poll"
    yield Figure("lag of who follows a run", statistics.median(lags), "s", 0.5, note=note)


def _time_bare(folder: Path) -> float:
    """Return the seconds of the same playbook on the same hosts without the service."""
    hosts = folder / "bare.yml"
    hosts.write_text(json.dumps({"all": {"hosts": {name: {} for name in NODES}}}), "utf-8")
    command = [
        Path(sys.executable).with_name("ansible-playbook"),
        f"--inventory={hosts}",
        f"--extra-vars=steps={_STEPS}",
        "--forks=20",
        "playbooks/steps.yml",
    ]
    checkout = folder / "checkout"
    begun = time.monotonic()
    subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, "ANSIBLE_CONFIG": str(checkout / "ansible.cfg")},
        check=True,
        capture_output=True,
    )
    return time.monotonic() - begun


def _follow(service: RunService, run_id: int) -> tuple[float, datetime]:
    """Return the median lag of the events of a run in seconds, and when its first task began."""
    lags, after = [], 0
    first: datetime | None = None
    while True:
        found = service.web.get(f"/api/v1/runs/{run_id}/events?after={after}&wait=20")
        now = datetime.now(UTC)
        for event in found["events"]:
            at = datetime.fromisoformat(event["at"])
            lags.append((now - at).total_seconds())
            if first is None and event["kind"] == "playbook_on_task_start":
                first = at
        after = found["next_after"]
        if found["is_complete"]:
            assert first is not None
            return statistics.median(lags), first


def _measure_storing(folder: Path) -> Figure:
    """Return how many events a second get from a spool into SQLite."""
    url = f"sqlite:///{folder}/fleet.sqlite"
    upgrade(url)
    database = open_database(Settings(database_url=url))
    sources = RunSources(
        lambda: {"playbooks/x.yml"}, lambda _session, _filters: [Target("web-1", [])]
    )
    with database.writing() as session:
        wanted = TemplateRegistration(template="x", playbook="playbooks/x.yml")
        register_template(session, ACTOR, wanted, sources=sources)
        order_run(session, ACTOR, RunOrder(template="x"), sources=sources)
        [taken] = take_runs(session, "here", owner="1:1:1", slots=1, lease=_LEASE)
        begin_run(session, taken, "1:1:1", _LEASE)
    writer = SpoolWriter(folder / "events.jsonl")
    now = datetime.now(UTC)
    writer.add(
        RunEvent(number, "runner_on_ok", now, "ok: [web-1]", "a play", "a task", "t1", "web-1")
        for number in range(1, _EVENTS + 1)
    )
    writer.close()
    storing = Storing(database, taken, folder / "events.jsonl")
    begun = time.monotonic()
    while storing.store():
        pass
    seconds = time.monotonic() - begun
    database.engine.dispose()
    return Figure("events stored", _EVENTS / seconds, "/s", 3000, is_least=True, note="on SQLite")

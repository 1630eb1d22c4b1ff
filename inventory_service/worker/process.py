# SPDX-License-Identifier: Apache-2.0
"""The worker's own process: it looks for runs, and gives each that it takes a supervisor."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from inventory_service.app import make_run_sources
from inventory_service.approvals.usecases import expire_runs, has_expired
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import ServiceError
from inventory_service.core.retention import BATCH
from inventory_service.database import open_database
from inventory_service.runs.queries import has_work
from inventory_service.runs.runner.processes import identify, reap
from inventory_service.runs.usecases.claims import TakenRun, has_changes, take_runs
from inventory_service.runs.usecases.retention import prune_events
from inventory_service.schedules.queries import has_due
from inventory_service.schedules.usecases.firings import fire_due
from inventory_service.settings import Settings, read_run_environment
from inventory_service.worker.notifier import Notifier
from inventory_service.worker.recovery import recover
from inventory_service.worker.supervisor import Assignment
from inventory_service.workflows.queries import has_progress
from inventory_service.workflows.usecases.progress import advance_workflows

#: How often the worker looks for runs that wait.
_TURN_S = 0.2
#: How long it rests after the database did not answer.
_REST_S = 2.0
#: How often a batch of expired events is deleted.
_PRUNE_EACH_S = 60.0

_log = structlog.get_logger(__name__)


class Worker:
    """Takes runs until it is asked to stop; its supervisors go on without it."""

    def __init__(
        self,
        settings: Settings,
        *,
        parent: int | None = None,
        start: Callable[[Assignment], None] | None = None,
    ) -> None:
        #: The process that started this one, and without which it stops.
        self._parent = parent
        self._settings = settings
        self._database: Database = open_database(settings)
        self._sources = make_run_sources(settings)
        self._start = start or start_supervisor
        self._is_stopping = threading.Event()
        self._next_recovery = self._next_pruning = 0.0
        self._identity = identify(os.getpid()) or ""

    def run(self) -> None:
        """Work until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._is_stopping.set())
        notifier = Notifier(self._database, self._settings)
        notifier.start()
        _log.info("working", worker=self._settings.machine, slots=self._settings.worker_slots)
        while not self._is_stopping.is_set() and self._parent in {None, os.getppid()}:
            # Supervisors that ended would stay as zombies. To ignore SIGCHLD instead would be
            # inherited by all programs below them, none of which could wait for a child then.
            reap()
            try:
                self.turn()
                pause = _TURN_S
            except ServiceError as error:
                _log.warning("no work", reason=error.detail)
                pause = _REST_S
            self._is_stopping.wait(pause)
        notifier.stop()
        _log.info("stopped")

    def turn(self) -> list[TakenRun]:
        """Recover what was left, order what is due, and take what may start; return that."""
        now = time.monotonic()
        if now >= self._next_recovery:
            recover(self._database, self._settings)
            self._expire()
            self._next_recovery = now + self._settings.run_lease_s / 10
        if now >= self._next_pruning:
            self._next_pruning = now + _PRUNE_EACH_S
            self._prune()
        machine, slots = self._settings.machine, self._settings.worker_slots
        with self._database.reading() as session:
            is_due = has_due(session, datetime.now(UTC))
            goes_on = has_progress(session, datetime.now(UTC))
            has_runs = has_work(session) and has_changes(session, machine, slots=slots)
        if is_due:
            self._fire_schedules()
        if goes_on:
            self._carry_on()
        if not has_runs:
            return []
        with self._database.writing() as session:
            taken = take_runs(
                session,
                machine,
                owner=self._identity,
                slots=slots,
                lease=self._settings.run_lease,
            )
        environment = read_run_environment(self._settings)
        for one in taken:
            self._start(Assignment(one, self._settings, environment))
        return taken

    def _prune(self) -> None:
        """Delete a few events that are past their retention."""
        with self._database.writing() as session:
            prune_events(
                session,
                self._settings.event_retention,
                keep_runs=self._settings.event_keep_runs,
                limit=BATCH,
            )

    def _fire_schedules(self) -> None:
        with self._database.writing() as session:
            fired = fire_due(session, datetime.now(UTC), sources=self._sources)
        for one in fired:
            _log.info("fired", schedule=one.schedule, run=one.run_id, problem=one.problem)

    def _carry_on(self) -> None:
        """Begin the steps of workflows that follow those that have ended."""
        with self._database.writing() as session:
            for run_id in advance_workflows(session, datetime.now(UTC), sources=self._sources):
                _log.info("workflow went on", workflow_run=run_id)

    def _expire(self) -> None:
        """End the runs that nobody approved in time."""
        with self._database.reading() as session:
            if not has_expired(session):
                return
        with self._database.writing() as session:
            for run_id in expire_runs(session):
                _log.info("run expired", run=run_id)


def start_supervisor(assignment: Assignment) -> None:
    """Start the supervisor of a run, which nothing of this process takes with it at its end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "inventory_service.worker.supervisor"],
        stdin=subprocess.PIPE,
        env=assignment.environment,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - as asked for
    with process.stdin:
        process.stdin.write(assignment.to_json())
    # Whoever waits for any child takes its status; nobody asks this object.
    process.returncode = 0

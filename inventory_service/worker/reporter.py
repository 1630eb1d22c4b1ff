# SPDX-License-Identifier: Apache-2.0
"""What a supervisor does beside Ansible: spool and store events, renew the lease, hear a cancel.

In a thread of its own, so that a database that is locked or gone never holds Ansible up.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import structlog

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict, Unavailable
from inventory_service.runs.domain.events import RunEvent, Tally
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.claims import TakenRun, end_run, renew_lease
from inventory_service.runs.usecases.credentials import revoke_tokens
from inventory_service.worker.spool import SpooledEnd, SpoolWriter
from inventory_service.worker.storing import Storing

#: How long events are gathered before they are stored.
_TURN_S = 0.25
#: How often a cancellation is looked for.
_LOOK_S = 1.0
#: So long a supervisor tries to store an end while the database is away; then whoever recovers the
#: run does so from the spool.
_PATIENCE_S = 3600.0

_log = structlog.get_logger(__name__)


@dataclass
class _Clock:
    """When something was done last, and how often it is due."""

    each_s: float
    last: float = 0.0

    def is_due(self) -> bool:
        now = time.monotonic()
        if now - self.last < self.each_s:
            return False
        self.last = now
        return True


class Reporter:
    """Reports on one run until it has ended."""

    def __init__(
        self,
        database: Database,
        taken: TakenRun,
        spool: Path,
        *,
        scrub: Callable[[str], str],
        lease: timedelta,
    ) -> None:
        self._database = database
        self._taken = taken
        self._scrub = scrub
        self._lease = lease
        self._tally = Tally()
        self._events: queue.SimpleQueue[RunEvent] = queue.SimpleQueue()
        self._writer = SpoolWriter(spool)
        self._storing = Storing(database, taken, spool)
        self._is_ending = threading.Event()
        self._must_stop = threading.Event()
        #: Another one has the run by now.
        self.is_disowned = False
        self._renewal = _Clock(lease.total_seconds() / 3, time.monotonic())
        self._look = _Clock(_LOOK_S, time.monotonic())
        self._thread = threading.Thread(target=self._work, name="reporter")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, event: RunEvent) -> None:
        """Take an event; returns at once."""
        self._events.put(event)

    def must_stop(self) -> bool:
        """Return whether the run was cancelled, or belongs to another supervisor."""
        return self._must_stop.is_set()

    def finish(self, judge: Callable[[Tally], SpooledEnd]) -> bool:
        """Store what is left, the log and the end, which `judge` returns for all events.

        Returns whether all of it is in the database.
        """
        self._is_ending.set()
        self._thread.join()
        self._spool_events()
        end = judge(self._tally)
        self._writer.end(end)
        self._writer.close()
        give_up = time.monotonic() + _PATIENCE_S
        while not (is_stored := self._try(lambda: self._store_end(end))):
            if self.is_disowned or time.monotonic() > give_up:
                break
            time.sleep(_LOOK_S)
        return is_stored

    def _work(self) -> None:
        while not self._is_ending.wait(_TURN_S):
            self._spool_events()
            self._try(self._report)

    def _report(self) -> None:
        while self._storing.store():
            self._keep()
        self._keep()

    def _keep(self) -> None:
        """Renew the lease, and look for a cancellation, each when it is due."""
        if self._renewal.is_due():
            with self._database.writing() as session:
                if not renew_lease(session, self._taken, self._lease):
                    self._disown()
        if self._look.is_due():
            with self._database.reading() as session:
                run = session.get(Run, self._taken.run_id)
                if run is None or run.claim_token != self._taken.claim_token:
                    self._disown()
                elif run.state == RunState.CANCELLING:
                    self._must_stop.set()

    def _disown(self) -> None:
        self.is_disowned = True
        self._must_stop.set()

    def _spool_events(self) -> None:
        events = []
        while not self._events.empty():
            event = self._events.get()
            events.append(
                replace(
                    event,
                    text=self._scrub(event.text),
                    task=event.task and self._scrub(event.task),
                    play=event.play and self._scrub(event.play),
                )
            )
        if events:
            self._tally.add(events)
            self._tally.forget_changes()
            self._writer.add(events)

    def _store_end(self, end: SpooledEnd) -> None:
        while self._storing.store():
            self._keep()
        self._storing.store_log()
        with self._database.writing() as session:
            revoke_tokens(session, self._taken.run_id)
            end_run(
                session, self._taken, end.state, end.why, exit_code=end.exit_code, plan=end.plan
            )

    def _try(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except (Unavailable, Conflict) as error:
            _log.warning("report postponed", run=self._taken.run_id, reason=error.detail)
            return False
        return True

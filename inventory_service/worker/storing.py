# SPDX-License-Identifier: Apache-2.0
"""From the spool of a run into the database: in batches, each once, whatever fails in between."""

from pathlib import Path

from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.events import RunEvent, Tally
from inventory_service.runs.usecases.claims import TakenRun, find_claimed
from inventory_service.runs.usecases.reports import find_last_counter, store_events, store_log
from inventory_service.worker.spool import SpooledEnd, SpoolReader, iter_log

#: So many events are written in one transaction: other writers wait no longer than for these.
BATCH = 500


class Storing:
    """Stores the events of one run; it goes on where an earlier one was interrupted."""

    def __init__(self, database: Database, taken: TakenRun, spool: Path) -> None:
        self._database = database
        self._taken = taken
        self._spool = spool
        self._reader = SpoolReader(spool)
        self.tally = Tally()
        self._events: list[RunEvent] = []
        self._is_new = True
        self._stored = 0

    @property
    def end(self) -> SpooledEnd | None:
        """Return how the run ended, as far as the spool was read."""
        return self._reader.end

    def store(self) -> bool:
        """Store the next batch; return whether there was one.

        :raises Unavailable: the database takes no changes now. The batch is kept for the next time.
        """
        if not self._events:
            self._events = self._reader.read(BATCH)
            self.tally.add(self._events)
        if not self._events:
            return False
        with self._database.writing() as session:
            self._store(session)
        self._stored = max(self._stored, self._events[-1].counter)
        self._events = []
        self.tally.forget_changes()
        return True

    def store_log(self) -> None:
        """Store the whole log.

        :raises Unavailable: the database takes no changes now. It can be stored again.
        """
        for number, body in enumerate(iter_log(self._spool)):
            with self._database.writing() as session:
                if find_claimed(session, self._taken) is not None:
                    store_log(session, self._taken.run_id, number, body)

    def _store(self, session: Session) -> None:
        run = find_claimed(session, self._taken)
        if run is None:
            return
        if self._is_new:
            # Of a run that is recovered, some are there already.
            self._stored = find_last_counter(session, run.id)
            self._is_new = False
        new = [event for event in self._events if event.counter > self._stored]
        store_events(session, run, new, self.tally)

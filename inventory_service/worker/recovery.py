# SPDX-License-Identifier: Apache-2.0
"""Runs whose supervisor is gone: what they left behind is ended, stored and given a true end."""

import structlog

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import ServiceError
from inventory_service.runs.runner.folders import MARK, remove_folder
from inventory_service.runs.runner.processes import end_all, is_alive, list_marked
from inventory_service.runs.usecases.claims import (
    Orphan,
    adopt_runs,
    end_run,
    find_claimed,
    list_orphans,
    recover_run,
)
from inventory_service.runs.usecases.credentials import revoke_tokens
from inventory_service.settings import Settings
from inventory_service.worker.places import get_places
from inventory_service.worker.storing import Storing

_log = structlog.get_logger(__name__)


def recover(database: Database, settings: Settings) -> None:
    """Give each run without a supervisor its end, or put it back into the queue."""
    with database.reading() as session:
        orphans = list_orphans(session, settings.machine, is_alive)
        has_lapsed = bool(adopt_runs(session, settings.machine, is_alive, settings.run_lease))
    if has_lapsed:
        with database.writing() as session:
            for run_id in adopt_runs(session, settings.machine, is_alive, settings.run_lease):
                _log.warning("run adopted", run=run_id)
    for orphan in orphans:
        try:
            _recover(database, settings, orphan)
        except ServiceError as error:
            _log.warning("recovery postponed", run=orphan.taken.run_id, reason=error.detail)


def _recover(database: Database, settings: Settings, orphan: Orphan) -> None:
    taken = orphan.taken
    why = orphan.why
    if orphan.is_local:
        mark = f"{MARK}={taken.claim_token}"
        if not end_all(lambda: list_marked(mark)):
            why = f"{why}, and processes {list_marked(mark)} of it can't be ended"
    with database.reading() as session:
        run = find_claimed(session, taken)
        if run is None:
            return
        places = get_places(settings, run.id, run.attempt)
    end = None
    if orphan.is_local and places.spool.exists():
        storing = Storing(database, taken, places.spool)
        while storing.store():
            pass
        storing.store_log()
        end = storing.end
    with database.writing() as session:
        revoke_tokens(session, taken.run_id)
        if end is not None:
            end_run(session, taken, end.state, end.why, exit_code=end.exit_code, plan=end.plan)
        else:
            recovered = recover_run(session, taken, why)
            if recovered is not None:
                _log.warning("run recovered", run=recovered.id, state=recovered.state, why=why)
    if orphan.is_local:
        remove_folder(places.folder)

# SPDX-License-Identifier: Apache-2.0
"""The process that runs one run: in a session of its own, so that no restart of others ends it.

It gets what it needs to know on standard input, and nothing in its environment or arguments, which
the playbook could read. ``python -m inventory_service.worker.supervisor``.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import orjson
import structlog

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import ServiceError
from inventory_service.database import open_database
from inventory_service.logs import set_up_logs
from inventory_service.runs.domain.events import Tally
from inventory_service.runs.domain.outcomes import Ending, judge
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.runner.execution import execute
from inventory_service.runs.runner.folders import remove_folder, write_folder
from inventory_service.runs.runner.processes import identify
from inventory_service.runs.runner.scrubber import Scrubber
from inventory_service.runs.usecases.claims import TakenRun, begin_run
from inventory_service.runs.usecases.credentials import give_token
from inventory_service.runs.usecases.orders import get_run
from inventory_service.runs.usecases.plans import find_void
from inventory_service.runs.usecases.slices import find_snapshot, share_snapshot
from inventory_service.settings import Settings
from inventory_service.worker.places import Places, get_places
from inventory_service.worker.preparation import Prepared, prepare, read_inventory
from inventory_service.worker.reporter import Reporter
from inventory_service.worker.spool import SpooledEnd, conclude_plan

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Assignment:
    """What a supervisor is started with."""

    taken: TakenRun
    settings: Settings
    environment: dict[str, str]

    def to_json(self) -> bytes:
        """Return it for standard input."""
        return orjson.dumps(
            {
                "run_id": self.taken.run_id,
                "claim_token": self.taken.claim_token,
                "settings": self.settings.model_dump(mode="json", exclude={"smtp_url"}),
                "environment": self.environment,
            }
        )

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Return what `to_json` returned."""
        found: dict[str, Any] = orjson.loads(text)
        return cls(
            TakenRun(found["run_id"], found["claim_token"]),
            Settings.model_validate(found["settings"]),
            found["environment"],
        )


def main() -> int:
    """Run the run that standard input names; return 0 when its end is recorded."""
    assignment = Assignment.from_json(sys.stdin.buffer.read())
    settings = assignment.settings
    set_up_logs(settings.log_level)
    database = open_database(settings)
    with database.writing() as session:
        identity = identify(os.getpid()) or ""
        run = begin_run(session, assignment.taken, identity, settings.run_lease)
        if run is None:
            _log.info("run is another's by now", run=assignment.taken.run_id)
            return 0
        places = get_places(settings, run.id, run.attempt)
    places.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_stored = _supervise(database, assignment, places)
    if is_stored:
        remove_folder(places.folder)
    return 0 if is_stored else 1


def _supervise(database: Database, assignment: Assignment, places: Places) -> bool:
    prepared = _prepare(database, assignment)
    scrubber = Scrubber(prepared.secrets if isinstance(prepared, Prepared) else ())
    reporter = Reporter(
        database,
        assignment.taken,
        places.spool,
        scrub=scrubber.scrub,
        lease=assignment.settings.run_lease,
    )
    reporter.start()
    if not isinstance(prepared, Prepared):
        refusal = replace(prepared, why=scrubber.scrub(prepared.why or ""))
        return reporter.finish(lambda _tally: refusal)
    ending = _execute(prepared, places, reporter)
    if ending.problem is not None:
        ending = replace(ending, problem=scrubber.scrub(ending.problem))
    options = prepared.wanted.options
    return reporter.finish(
        lambda tally: _conclude(_judge(ending, tally, options), tally, prepared, places)
    )


def _prepare(database: Database, assignment: Assignment) -> Prepared | SpooledEnd:
    """Return what the run gets, or how it ended because it can't begin."""
    run_id = assignment.taken.run_id
    try:
        with database.writing() as session:
            run = get_run(session, run_id)
            token, whole = give_token(session, run), run.slice_of
        inventory = None if whole is None else _share_inventory(database, whole)
        with database.reading() as session:
            run = get_run(session, run_id)
            prepared = prepare(
                session,
                run,
                assignment.settings,
                token=token,
                environment=assignment.environment,
                inventory=inventory,
            )
            void = prepared.basis and find_void(session, run, prepared.basis)
    except ServiceError as error:
        return SpooledEnd(RunState.FAILED, error.detail, None)
    except Exception as error:  # noqa: BLE001 - the edge of the process
        _log.error("run can't begin", run=run_id, exc_info=error)
        why = f"the worker made a mistake ({type(error).__name__}); its log has the details"
        return SpooledEnd(RunState.FAILED, why, None)
    return SpooledEnd(RunState.EXPIRED, void, None) if void else prepared


def _share_inventory(database: Database, run_id: int) -> bytes:
    """Return the inventory of a sliced run: that which the first of its slices found."""
    with database.reading() as session:
        found = find_snapshot(session, run_id)
        fresh = b"" if found else read_inventory(session)
    if found:
        return found
    with database.writing() as session:
        return share_snapshot(session, run_id, fresh)


def _execute(prepared: Prepared, places: Places, reporter: Reporter) -> Ending:
    try:
        write_folder(places.private, prepared.wanted)
        return execute(
            places.private,
            prepared.wanted.playbook,
            prepared.wanted.folder,
            on_event=reporter.add,
            should_stop=reporter.must_stop,
        )
    except OSError as error:
        return Ending(None, problem=f"the folder of the run can't be used: {error}")
    finally:
        remove_folder(places.private)


def _judge(ending: Ending, tally: Tally, options: Mapping[str, Any]) -> SpooledEnd:
    timeout = (
        f"took longer than {options.get('timeout_s')} s, or was silent for "
        f"{options.get('idle_timeout_s')} s"
    )
    state, why = judge(ending, tally.hosts, has_recap=tally.has_recap, timeout=timeout)
    return SpooledEnd(state, why, ending.exit_code)


def _conclude(end: SpooledEnd, tally: Tally, prepared: Prepared, places: Places) -> SpooledEnd:
    """Return the end with what a plan amounts to; one whose log is not whole binds nobody."""
    is_whole = end.state is RunState.SUCCESSFUL and tally.has_recap and not tally.missing
    if not prepared.is_plan or prepared.basis is None or not is_whole:
        return end
    return replace(end, plan=conclude_plan(places.spool, prepared.basis))


if __name__ == "__main__":
    sys.exit(main())

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

from inventory_service.app import open_database
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import ServiceError
from inventory_service.logs import set_up_logs
from inventory_service.runs.domain.events import Tally
from inventory_service.runs.domain.outcomes import Ending, judge
from inventory_service.runs.runner.execution import execute
from inventory_service.runs.runner.folders import remove_folder, write_folder
from inventory_service.runs.runner.processes import identify
from inventory_service.runs.runner.scrubber import Scrubber
from inventory_service.runs.usecases.claims import TakenRun, begin_run
from inventory_service.runs.usecases.credentials import give_token
from inventory_service.runs.usecases.orders import get_run
from inventory_service.settings import Settings
from inventory_service.worker.places import Places, get_places
from inventory_service.worker.preparation import Prepared, prepare
from inventory_service.worker.reporter import Reporter
from inventory_service.worker.spool import SpooledEnd

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
    prepared, problem = _prepare(database, assignment)
    scrubber = Scrubber(prepared.secrets if prepared else ())
    reporter = Reporter(
        database,
        assignment.taken,
        places.spool,
        scrub=scrubber.scrub,
        lease=assignment.settings.run_lease,
    )
    reporter.start()
    ending = Ending(None, problem=problem)
    if prepared is not None:
        ending = _execute(prepared, places, reporter)
    if ending.problem is not None:
        ending = replace(ending, problem=scrubber.scrub(ending.problem))
    options = prepared.wanted.options if prepared else {}
    return reporter.finish(lambda tally: _judge(ending, tally, options))


def _prepare(database: Database, assignment: Assignment) -> tuple[Prepared | None, str | None]:
    """Return what the run gets, or why it can't begin."""
    try:
        with database.writing() as session:
            token = give_token(session, get_run(session, assignment.taken.run_id))
        with database.reading() as session:
            prepared = prepare(
                session,
                get_run(session, assignment.taken.run_id),
                assignment.settings,
                token=token,
                environment=assignment.environment,
            )
    except ServiceError as error:
        return None, error.detail
    except Exception as error:  # noqa: BLE001 - the edge of the process
        _log.error("run can't begin", run=assignment.taken.run_id, exc_info=error)
        return None, f"the worker made a mistake ({type(error).__name__}); its log has the details"
    return prepared, None


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


if __name__ == "__main__":
    sys.exit(main())

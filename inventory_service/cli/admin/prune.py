# SPDX-License-Identifier: Apache-2.0
"""`qm prune`: delete what is past its retention; it runs beside the database, not over HTTP."""

import time

import click

from inventory_service.cli.admin.settings import map_errors, read_settings
from inventory_service.cli.client.invocation import json_option, wants_json
from inventory_service.cli.terminal.output import print_json, print_message
from inventory_service.core.retention import BATCH, prune_expired
from inventory_service.database import open_database
from inventory_service.runs.usecases.retention import prune_events


@click.command()
@json_option
def prune() -> None:
    """Delete audit records, stored answers and events of runs past their retention.

    Works on QM_DATABASE_URL while the service runs; it may be interrupted at any moment.
    """
    settings = read_settings()
    records = answers = events = 0
    with map_errors():
        database = open_database(settings)
        try:
            while True:
                begun = time.monotonic()
                with database.writing() as session:
                    gone = prune_expired(session, settings.audit_retention, limit=BATCH)
                    pruned = prune_events(
                        session,
                        settings.event_retention,
                        keep_runs=settings.event_keep_runs,
                        limit=BATCH,
                    )
                records, answers = records + gone.records, answers + gone.answers
                events += pruned
                # Events of one run at a time: there may be others behind fewer than a batch.
                if max(gone.records, gone.answers) < BATCH and not pruned:
                    break
                # Half of the time belongs to the service: SQLite has no queue of writers.
                time.sleep(time.monotonic() - begun)
        finally:
            database.engine.dispose()
    if wants_json():
        print_json({"records": records, "answers": answers, "events": events})
    print_message(f"Deleted: {records} audit records, {answers} stored answers, {events} events.")

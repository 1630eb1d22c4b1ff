# SPDX-License-Identifier: Apache-2.0
"""`qm prune`: delete what is past its retention; it runs beside the database, not over HTTP."""

import time

import click

from inventory_service.app import open_database
from inventory_service.cli.admin.settings import map_errors, read_settings
from inventory_service.cli.client.invocation import json_option, wants_json
from inventory_service.cli.terminal.output import print_json, print_message
from inventory_service.core.retention import BATCH, prune_expired


@click.command()
@json_option
def prune() -> None:
    """Delete audit records and stored answers past their retention (QM_AUDIT_RETENTION_DAYS).

    Works on QM_DATABASE_URL while the service runs; it may be interrupted at any moment.
    """
    settings = read_settings()
    records = answers = 0
    with map_errors():
        database = open_database(settings)
        try:
            while True:
                begun = time.monotonic()
                with database.writing() as session:
                    gone = prune_expired(session, settings.audit_retention, limit=BATCH)
                records, answers = records + gone.records, answers + gone.answers
                if max(gone.records, gone.answers) < BATCH:
                    break
                # Half of the time belongs to the service: SQLite has no queue of writers.
                time.sleep(time.monotonic() - begun)
        finally:
            database.engine.dispose()
    if wants_json():
        print_json({"records": records, "answers": answers})
    print_message(f"Deleted: {records} audit records, {answers} stored answers.")

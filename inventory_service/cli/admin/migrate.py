# SPDX-License-Identifier: Apache-2.0
"""`qm migrate`: change the schema of the database; it runs beside it, not over HTTP."""

import click

from inventory_service.cli.admin.settings import map_errors, read_settings
from inventory_service.cli.client.invocation import json_option, wants_json
from inventory_service.cli.terminal.output import print_json, print_message
from inventory_service.core.database.schema import move, upgrade
from inventory_service.core.encryption import make_key


@click.command()
@click.option(
    "--to",
    "revision",
    metavar="SCHEMA",
    help="Migrate to this schema, also back to an older one: data that it can't hold is lost.",
)
@json_option
def migrate(revision: str | None) -> None:
    """Bring the database (QM_DATABASE_URL) to the schema of this version."""
    settings = read_settings()
    with map_errors():
        if revision is None:
            upgrade(settings.database_url)
            make_key(settings.secret_key_path)
        else:
            move(settings.database_url, revision)
    if wants_json():
        print_json({"is_current": revision is None, "schema": revision})
    print_message(f"The database has the schema {revision or 'of this version'}.")

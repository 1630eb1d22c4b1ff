# SPDX-License-Identifier: Apache-2.0
"""`qm audit`: who did what."""

import click

from inventory_service.cli.client import Thing, open_api
from inventory_service.cli.fields import given
from inventory_service.cli.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.output import print_items

COLUMNS = ("subject", "at", "actor", "door", "action", "noun", "reason")


@click.command()
@click.option("--noun", help="Only one kind of thing: node, cluster, project, port or token.")
@click.option("--subject", help="Only one thing, by its name.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many."
)
@json_option
@connection_options
@pass_invocation
def audit(invocation: Invocation, /, noun: str | None, subject: str | None, limit: int) -> None:
    """Show who did what, newest first; needs the scope admin."""
    records = open_api(invocation).items(
        "/api/v1/audit", Thing("audit", ""), given(noun=noun, subject=subject), limit=limit
    )
    print_items(records, COLUMNS, nothing="Nothing was done yet.")

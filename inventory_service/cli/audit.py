# SPDX-License-Identifier: Apache-2.0
"""`qm audit`: who did what."""

import click

from inventory_service.cli.client import Thing
from inventory_service.cli.fields import given
from inventory_service.cli.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.lists import Listing, list_options, print_list

LISTING = Listing(
    "/api/v1/audit",
    Thing("audit", ""),
    ("subject", "at", "actor", "door", "action", "noun", "reason"),
    nothing="Nothing was done yet.",
)


@click.command()
@click.option(
    "--noun",
    help="Only one kind of thing: node, cluster, project, environment, service, port or token.",
)
@click.option("--subject", help="Only one thing, by its name.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many."
)
@list_options
@json_option
@connection_options
@pass_invocation
def audit(
    invocation: Invocation,
    /,
    limit: int,
    sort: str | None,
    fields: str | None,
    **filters: str | None,
) -> None:
    """Show who did what, newest first; needs the scope admin."""
    print_list(invocation, LISTING, given(**filters), sort=sort, fields=fields, limit=limit)

# SPDX-License-Identifier: Apache-2.0
"""`qm audit`: who did what, and who was refused what."""

import click

from inventory_service.cli.client.http import Target
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.terminal.dates import parse_past
from inventory_service.cli.terminal.lists import Listing, list_options, print_list
from inventory_service.core.actors import Channel

LISTING = Listing(
    "/api/v1/audit",
    Target("audit", ""),
    ("subject", "at", "actor", "door", "action", "noun", "reason"),
    nothing="No such records.",
)
_WHEN = "30m, 12h or 7d ago, or 2030-01-31T12:00:00Z"


@click.command()
@click.option("--actor", help="Only what one account did, by its token's name.")
@click.option(
    "--door",
    type=click.Choice([channel.value for channel in Channel]),
    help="Only what came through it.",
)
@click.option("--action", help="Only one action: register, change, retire, give, …")
@click.option("--noun", help="Only records about one noun: node, cluster, project, port, token, …")
@click.option("--subject", help="Only records about this name.")
@click.option(
    "--outcome", type=click.Choice(["done", "refused"]), help="Only actions with this outcome."
)
@click.option("--since", callback=parse_past, metavar="WHEN", help=f"Not before: {_WHEN}.")
@click.option(
    "--until", callback=parse_past, metavar="WHEN", help="Before this time, written like --since."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Show at most this many.",
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
    """Show who did what, newest first; needs the role admin."""
    print_list(invocation, LISTING, drop_unset(**filters), sort=sort, fields=fields, limit=limit)

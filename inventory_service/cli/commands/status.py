# SPDX-License-Identifier: Apache-2.0
"""`qm status`: is the service there, and what does it hold."""

import click

from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.terminal.output import print_item


@click.command()
@json_option
@connection_options
@pass_invocation
def status(invocation: Invocation, /) -> None:
    """Show the service's version, the fleet's revision and its nodes by state."""
    api = open_api(invocation)
    print_item({"url": api.url} | api.read_status())

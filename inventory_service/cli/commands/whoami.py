# SPDX-License-Identifier: Apache-2.0
"""`qm whoami`: by which account one asks, and what it may do where."""

import click

from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.commands.accounts import name_roles
from inventory_service.cli.terminal.output import print_item


@click.command()
@json_option
@connection_options
@pass_invocation
def whoami(invocation: Invocation, /) -> None:
    """Show your account, and what you may do where."""
    print_item(name_roles(open_api(invocation).read_own_account()))

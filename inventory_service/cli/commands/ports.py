# SPDX-License-Identifier: Apache-2.0
"""`qm port`: the port of a project in an environment, the same each time."""

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
    wants_json,
)
from inventory_service.cli.terminal.output import print_json


@click.command()
@click.argument("project", shell_complete=complete_names("project"))
@click.argument("environment", shell_complete=complete_names("environment"))
@click.option("--service", help="Name of one of several ports within them.")
@click.option("--base", type=int, required=True, help="First port of the range to choose from.")
@click.option("--range", type=int, default=1000, show_default=True, help="Size of that range.")
@json_option
@connection_options
@pass_invocation
def port(
    invocation: Invocation,
    /,
    project: str,
    environment: str,
    service: str | None,
    base: int,
    range: int,  # noqa: A002 (the name of the option)
) -> None:
    """Print the port of PROJECT in ENVIRONMENT: the same answer each time."""
    api = open_api(invocation)
    answer = api.give_port(project, environment, base=base, size=range, service=service or None)
    if wants_json():
        print_json(answer)
        return
    click.echo(answer["port"])
    if answer["port"] != answer["preferred"]:
        click.echo(f"Port {answer['preferred']} is taken; this one is kept from now on.", err=True)

# SPDX-License-Identifier: Apache-2.0
"""`qm project`: what nodes are for."""

import click

from inventory_service.cli.client import Thing, open_api, path_of
from inventory_service.cli.fields import given
from inventory_service.cli.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.output import print_item, print_items, say

COLUMNS = ("project", "owner", "description", "retired_at")


@click.group()
@connection_options
def project() -> None:
    """Work with projects: what nodes are for."""


@project.command("list")
@json_option
@connection_options
@pass_invocation
def list_projects(invocation: Invocation, /) -> None:
    """List the projects."""
    found = open_api(invocation).items("/api/v1/projects", Thing("project"))
    print_items(found, COLUMNS, nothing="No projects. Add one with: qm project add")


@project.command()
@click.argument("project_name", metavar="PROJECT")
@json_option
@connection_options
@pass_invocation
def show(invocation: Invocation, /, project_name: str) -> None:
    """Show one project."""
    thing = Thing("project", project_name)
    print_item(open_api(invocation).get(path_of("projects", thing), thing))


@project.command()
@click.argument("project_name", metavar="PROJECT")
@click.option("--description", help="What it is, in one line.")
@click.option("--owner", help="Who answers for it.")
@click.option("--reason", help="Stands in the audit record.")
@json_option
@connection_options
@pass_invocation
def add(invocation: Invocation, /, project_name: str, **fields: str | None) -> None:
    """Register a project."""
    body = {"project": project_name} | given(**fields)
    made = open_api(invocation).post("/api/v1/projects", Thing("project", project_name), body)
    say(f"Project {made['project']} is registered.")
    print_item(made)


@project.command("set")
@click.argument("project_name", metavar="PROJECT")
@click.option("--description", help="What it is, in one line; empty takes it away.")
@click.option("--owner", help="Who answers for it; empty takes it away.")
@click.option("--reason", help="Stands in the audit record.")
@json_option
@connection_options
@pass_invocation
def set_fields(invocation: Invocation, /, project_name: str, **fields: str | None) -> None:
    """Change fields of a project."""
    thing = Thing("project", project_name)
    body = given(**fields)
    if not body.keys() - {"reason"}:
        raise click.UsageError("Nothing to change: give --description or --owner.")
    changed = open_api(invocation).patch(path_of("projects", thing), thing, body)
    say(f"Project {changed['project']} is changed.")
    print_item(changed)


@project.command()
@click.argument("project_name", metavar="PROJECT")
@click.option("--reason", required=True, help="Why; stands in the record.")
@json_option
@connection_options
@pass_invocation
def retire(invocation: Invocation, /, project_name: str, reason: str) -> None:
    """Retire a project that has no nodes left."""
    thing = Thing("project", project_name)
    path = path_of("projects", thing, "retirement")
    record = open_api(invocation).post(path, thing, {"reason": reason})
    say(f"Project {project_name} is retired.")
    print_item(record)

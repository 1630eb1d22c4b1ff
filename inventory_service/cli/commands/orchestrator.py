# SPDX-License-Identifier: Apache-2.0
"""`qm orchestrator`: the acts of `InfrastructureOrchestrator`, by options that its users know."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from inventory_service.cli.client.errors import Exit
from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
    wants_json,
)
from inventory_service.cli.commands.imports import confirm_retirements, print_projects_plan
from inventory_service.cli.terminal.confirmation import yes_option
from inventory_service.cli.terminal.output import print_item, print_json, print_message
from inventory_service.client.orchestrator import InfrastructureOrchestrator

Act = Callable[[InfrastructureOrchestrator], Mapping[str, Any]]


@click.command()
@click.option("--init", "is_init", is_flag=True, help="Make projects.csv; show what is missing.")
@click.option(
    "--orchestrate",
    "is_orchestrate",
    is_flag=True,
    help="Record what projects.csv declares, make the servers, and set up all of them.",
)
@click.option("--status", "is_status", is_flag=True, help="Show the infrastructure as it is.")
@click.option(
    "--scale",
    nargs=2,
    type=(str, click.IntRange(min=0)),
    metavar="PROJECT NUMBER",
    help="Change the number of servers of PROJECT in projects.csv, and orchestrate.",
)
@click.option(
    "--config-dir",
    default="config",
    show_default=True,
    type=click.Path(file_okay=False),
    help="Folder with projects.csv.",
)
@click.option("--cluster", help="Cluster of new servers; default: the only one.")
@click.option("--provider", help="Provider of new servers, like docker.")
@yes_option
@json_option
@connection_options
@pass_invocation
def orchestrator(
    invocation: Invocation,
    /,
    *,
    is_init: bool,
    is_orchestrate: bool,
    is_status: bool,
    scale: tuple[str, int] | None,
    yes: bool,
    **options: Any,  # noqa: ANN401 (click's values)
) -> None:
    """Orchestrate the servers that projects.csv declares; give one of the first four options."""
    acts: list[Act] = []
    if is_init:
        acts.append(lambda one: one.initialize_system())
    if is_orchestrate:
        acts.append(lambda one: one.orchestrate_infrastructure())
    if is_status:
        acts.append(lambda one: one.get_infrastructure_status())
    if scale is not None:
        project, number = scale
        acts.append(lambda one: one.scale_project(project, number))
    if len(acts) != 1:
        raise click.UsageError("Give one of --init, --orchestrate, --status and --scale.")
    config_dir = Path(options.pop("config_dir"))
    if (is_orchestrate or scale) and not (config_dir / "projects.csv").is_file():
        raise click.UsageError(f"{config_dir}/projects.csv: no such file; --init makes one.")
    result = acts[0](
        InfrastructureOrchestrator(
            str(config_dir),
            client=open_api(invocation),
            confirm=lambda plan: _confirm(plan, yes=yes),
            notice=print_message,
            **options,
        )
    )
    _print(result)
    if not result.get("success", True):
        raise click.exceptions.Exit(Exit.FAILED)


def _confirm(plan: dict[str, Any], *, yes: bool) -> None:
    if not wants_json():
        print_projects_plan(plan)
    confirm_retirements(plan, yes=yes)


def _print(result: Mapping[str, Any]) -> None:
    if wants_json():
        print_json(result)
    else:
        # The plan was printed before it was recorded.
        print_item({name: value for name, value in result.items() if name != "plan"})

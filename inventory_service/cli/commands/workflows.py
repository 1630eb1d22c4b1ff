# SPDX-License-Identifier: Apache-2.0
"""`qm workflow`: runs and approvals that follow each other."""

from typing import Any

import click
import yaml

from inventory_service.cli.client.answer_options import answer_file_option, answer_option
from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.http import Target, open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.commands.catalog import CommandSpec, make_group
from inventory_service.cli.terminal.confirmation import confirm_act, yes_option
from inventory_service.cli.terminal.lists import Listing, list_options, print_list
from inventory_service.cli.terminal.output import print_item, print_message
from inventory_service.cli.terminal.workflow_tree import follow_workflow, print_workflow_run

_FIELDS = ("description", "survey", "launch_role", "steps")
RUN = Target("workflow run")
LISTING = Listing(
    "/api/v1/workflow-runs",
    RUN,
    ("id", "workflow", "state", "requested_by", "created_at", "ended_at"),
    nothing="No runs of workflows. Order one with: qm workflow run WORKFLOW",
)


def _read_definition(context: click.Context, option: click.Parameter, path: str | None) -> None:
    """Take the fields of a workflow from a YAML file; `-` is standard input.

    :raises click.BadParameter: the file can't be read, is no mapping, or has another field.
    """
    if path is None:
        return
    try:
        with click.open_file(path, encoding="utf-8") as file:
            found = yaml.safe_load(file)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise click.BadParameter(f"{path!r} can't be read: {error}", context, option) from error
    if not isinstance(found, dict):
        raise click.BadParameter(f"{path!r} is no mapping of fields", context, option)
    for name, value in found.items():
        if name not in _FIELDS:
            message = f"{path!r} has the field {name!r}; there are {', '.join(_FIELDS)}"
            raise click.BadParameter(message, context, option)
        context.params[name] = value


_file_option = click.option(
    "--file",
    "-f",
    callback=_read_definition,
    expose_value=False,
    metavar="FILE",
    help=f"YAML file with {', '.join(_FIELDS)}; - for standard input.",
)
_id_argument = click.argument("run_id", metavar="ID", type=click.IntRange(min=1))
_step_argument = click.argument("step", metavar="STEP")
_reason_option = click.option("--reason", help="Reason, for the audit record.")
_follow_option = click.option(
    "--follow/--no-follow", default=None, help="Print each change of a step until the end."
)

workflow = make_group(
    CommandSpec(
        noun="workflow",
        collection="workflows",
        key="workflow",
        about="runs and approvals that follow each other",
        columns=("workflow", "description", "launch_role"),
        first_fields=(),
        fields=(_file_option,),
        set_help="Change fields of a workflow; runs that have begun go on as they were.",
        retire_help="Retire a workflow: it can't be ordered any more.",
    )
)


@workflow.command()
@click.argument("name", metavar="WORKFLOW", shell_complete=complete_names("workflow"))
@answer_option
@answer_file_option
@_reason_option
@_follow_option
@json_option
@connection_options
@pass_invocation
def run(invocation: Invocation, /, name: str, *, follow: bool | None, **fields: Any) -> None:  # noqa: ANN401 (click's values)
    """Order WORKFLOW."""
    made = open_api(invocation).workflows.order(name, **drop_unset(**fields))
    _go_on(invocation, made, follow=follow)


@workflow.command()
@click.option("--workflow", multiple=True, help="Only runs of this workflow. Repeatable.")
@click.option("--state", multiple=True, help="Only runs in this state. Repeatable.")
@click.option("--limit", type=click.IntRange(min=1), default=50, help="At most this many; 50.")
@list_options
@json_option
@connection_options
@pass_invocation
def runs(
    invocation: Invocation,
    /,
    limit: int,
    sort: str | None,
    fields: str | None,
    **filters: tuple[str, ...],
) -> None:
    """List runs of workflows, the newest first."""
    print_list(invocation, LISTING, drop_unset(**filters), sort=sort, fields=fields, limit=limit)


@workflow.command()
@_id_argument
@json_option
@connection_options
@pass_invocation
def status(invocation: Invocation, /, run_id: int) -> None:
    """Show how far each step of a workflow's run is, as a tree."""
    print_workflow_run(open_api(invocation).workflows.get_run(run_id))


@workflow.command()
@_id_argument
@json_option
@connection_options
@pass_invocation
def follow(invocation: Invocation, /, run_id: int) -> None:
    """Print each change of a step until the end, whose exit code is 0 if it was successful."""
    follow_workflow(open_api(invocation).workflows, run_id)


@workflow.command()
@_id_argument
@_reason_option
@yes_option
@json_option
@connection_options
@pass_invocation
def cancel(invocation: Invocation, /, run_id: int, reason: str | None, *, yes: bool) -> None:
    """Cancel a workflow's run: no further step begins, and its live runs are stopped."""
    workflows, act = open_api(invocation).workflows, f"Cancel workflow run {run_id}"
    confirm_act(act, lambda: workflows.get_run(run_id), LISTING.columns[1:], yes=yes)
    made = workflows.cancel(run_id, **drop_unset(reason=reason))
    print_message(f"Workflow run {run_id} is {made['state']}.")
    print_item(made)


@workflow.command()
@_id_argument
@click.option("--all", "is_all", is_flag=True, help="All steps, also those that ended well.")
@_reason_option
@_follow_option
@json_option
@connection_options
@pass_invocation
def relaunch(
    invocation: Invocation,
    /,
    run_id: int,
    reason: str | None,
    *,
    is_all: bool,
    follow: bool | None,
) -> None:
    """Begin a workflow's run anew, without the steps that ended well."""
    steps, workflows = "all" if is_all else "failed", open_api(invocation).workflows
    made = workflows.relaunch(run_id, steps=steps, **drop_unset(reason=reason))
    _go_on(invocation, made, follow=follow)


@workflow.command()
@_id_argument
@_step_argument
@click.option("--comment", help="Why, for the record.")
@json_option
@connection_options
@pass_invocation
def approve(invocation: Invocation, /, run_id: int, step: str, comment: str | None) -> None:
    """Approve a STEP that waits for it, of a workflow's run that somebody else ordered."""
    workflows = open_api(invocation).workflows
    _report(workflows.approve(run_id, step, **drop_unset(comment=comment)))


@workflow.command()
@_id_argument
@_step_argument
@click.option("--comment", required=True, help="What would have to be otherwise.")
@json_option
@connection_options
@pass_invocation
def reject(invocation: Invocation, /, run_id: int, step: str, comment: str) -> None:
    """Reject a STEP that waits for approvals: it has failed then."""
    _report(open_api(invocation).workflows.reject(run_id, step, comment=comment))


def _report(made: dict[str, Any]) -> None:
    print_message(f"Workflow run {made['id']} is {made['state']}: qm workflow status {made['id']}")
    print_item(made)


def _go_on(invocation: Invocation, made: dict[str, Any], *, follow: bool | None) -> None:
    """Follow a run that was ordered, or say how to."""
    if follow:
        follow_workflow(open_api(invocation).workflows, made["id"])
    print_message(f"Workflow run {made['id']} has begun: qm workflow follow {made['id']}")
    print_item(made)

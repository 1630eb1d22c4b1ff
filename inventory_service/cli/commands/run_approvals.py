# SPDX-License-Identifier: Apache-2.0
"""`qm run apply`, `approve`, `reject` and `approvals`: from a plan to the run that applies it."""

from collections.abc import Mapping
from typing import Any

import click

from inventory_service.cli.client.http import Client, open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.commands.runs import (
    follow_option,
    go_on,
    run_id_argument,
)
from inventory_service.cli.terminal.confirmation import confirm, yes_option
from inventory_service.cli.terminal.output import print_item, print_items, print_message
from inventory_service.cli.terminal.text import format_value

COLUMNS = ("approver", "decision", "at", "door", "comment")
_SHOWN = ("template", "playbook", "requested_by", "reason", "hosts", "answers", "digest", "changes")
_digest_option = click.option(
    "--digest", help="Only if the plan has this digest; default: that of the plan that is shown."
)


@click.command()
@click.argument("plan_id", metavar="PLAN", type=click.IntRange(min=1))
@click.option("--reason", help="Reason, for the audit record and those who approve it.")
@follow_option
@json_option
@connection_options
@pass_invocation
def apply(
    invocation: Invocation, /, plan_id: int, reason: str | None, *, follow: bool | None
) -> None:
    """Order the run that applies PLAN, exactly as it is; it waits for approvals, if it needs some.

    If the fleet or the playbook has changed since, nothing is run.
    """
    api = open_api(invocation)
    made = api.approvals.apply(plan_id, **drop_unset(reason=reason))
    if made["state"] == "awaiting_approval" and not follow:
        needed = made["approvals"]["needed"]
        others = "somebody else" if needed == 1 else f"{needed} others"
        print_message(f"Run {made['id']} waits for {others}: qm run approve {made['id']}")
        print_item(made)
        return
    go_on(api, made, follow=follow)


@click.command()
@run_id_argument
@click.option("--comment", help="What the requester and others should know.")
@_digest_option
@yes_option
@json_option
@connection_options
@pass_invocation
def approve(
    invocation: Invocation,
    /,
    run_id: int,
    comment: str | None,
    digest: str | None,
    *,
    yes: bool,
) -> None:
    """Approve a run that somebody else has ordered; shows what it would change, and asks."""
    api = open_api(invocation)
    found = _show(api, run_id, yes=yes)
    confirm(f"Approve run {run_id}?", yes=yes)
    known = _digest_of(found, digest)
    _report(api.approvals.approve(run_id, digest=known, **drop_unset(comment=comment)))


@click.command()
@run_id_argument
@click.option("--comment", required=True, help="Why, and what would have to be otherwise.")
@_digest_option
@json_option
@connection_options
@pass_invocation
def reject(invocation: Invocation, /, run_id: int, comment: str, digest: str | None) -> None:
    """Reject a run that waits for approvals; nothing of it is run."""
    api = open_api(invocation)
    known = _digest_of(api.runs.get(run_id), digest)
    _report(api.approvals.reject(run_id, digest=known, comment=comment))


@click.command()
@run_id_argument
@json_option
@connection_options
@pass_invocation
def approvals(invocation: Invocation, /, run_id: int) -> None:
    """List who approved or rejected a run, when and why."""
    found = open_api(invocation).approvals.read(run_id)
    print_items(found, COLUMNS, nothing=f"Nobody has decided about run {run_id}.")


def _show(api: Client, run_id: int, *, yes: bool) -> Mapping[str, Any]:
    """Return the run; unless the answer is given already, show what an approver has to know."""
    found = api.runs.get(run_id)
    if yes or found["plan_of"] is None:
        return found
    for field in _SHOWN:
        click.echo(f"{field.replace('_', ' ')}: {format_value(found[field])}", err=True)
    for task in api.runs.read_tasks(found["plan_of"]):
        if task["changed"]:
            text = f"  {format_value(task['task'])}: {task['changed']} changed"
            click.echo(text, err=True)
    click.echo(f"The diff: qm run log {found['plan_of']}", err=True)
    return found


def _digest_of(found: Mapping[str, Any], digest: str | None) -> str:
    # What is no application has no digest; the service then names the state that it is in.
    return str(digest or found["digest"] or "0" * 64)


def _report(made: Mapping[str, Any]) -> None:
    counts = made["approvals"]
    given = f" with {counts['given']} of {counts['needed']} approvals"
    print_message(f"Run {made['id']} is {made['state']}{given}.")
    print_item(made)

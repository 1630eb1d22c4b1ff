# SPDX-License-Identifier: Apache-2.0
"""`qm run apply`, `approve`, `reject` and `approvals`: from a plan to the run that applies it."""

from collections.abc import Mapping
from typing import Any

import click

from inventory_service.cli.client.http import Api, open_api, path_of
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
    make_key,
    name_run,
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
    api, target = open_api(invocation), name_run(plan_id)
    body = drop_unset(reason=reason)
    made = api.post(path_of("runs", target, "application"), target, body, key=make_key())
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
    _decide(api, found, "approve", digest, comment)


@click.command()
@run_id_argument
@click.option("--comment", required=True, help="Why, and what would have to be otherwise.")
@_digest_option
@json_option
@connection_options
@pass_invocation
def reject(invocation: Invocation, /, run_id: int, comment: str, digest: str | None) -> None:
    """Reject a run that waits for approvals; nothing of it is run."""
    api, target = open_api(invocation), name_run(run_id)
    _decide(api, api.get(path_of("runs", target), target), "reject", digest, comment)


@click.command()
@run_id_argument
@json_option
@connection_options
@pass_invocation
def approvals(invocation: Invocation, /, run_id: int) -> None:
    """List who approved or rejected a run, when and why."""
    target = name_run(run_id)
    found = open_api(invocation).get(path_of("runs", target, "approvals"), target)
    print_items(found["items"], COLUMNS, nothing=f"Nobody has decided about run {run_id}.")


def _show(api: Api, run_id: int, *, yes: bool) -> Mapping[str, Any]:
    """Return the run; unless the answer is given already, show what an approver has to know."""
    target = name_run(run_id)
    found: Mapping[str, Any] = api.get(path_of("runs", target), target)
    if yes or found["plan_of"] is None:
        return found
    for field in _SHOWN:
        click.echo(f"{field.replace('_', ' ')}: {format_value(found[field])}", err=True)
    plan = name_run(found["plan_of"])
    for task in api.get(path_of("runs", plan, "tasks"), plan)["items"]:
        if task["changed"]:
            text = f"  {format_value(task['task'])}: {task['changed']} changed"
            click.echo(text, err=True)
    click.echo(f"The diff: qm run log {plan.name}", err=True)
    return found


def _decide(
    api: Api, found: Mapping[str, Any], decision: str, digest: str | None, comment: str | None
) -> None:
    target = name_run(found["id"])
    # What is no application has no digest; the service then names the state that it is in.
    body = {"decision": decision, "digest": digest or found["digest"] or "0" * 64}
    body |= drop_unset(comment=comment)
    made = api.post(path_of("runs", target, "approvals"), target, body, key=make_key())
    counts = made["approvals"]
    given = f" with {counts['given']} of {counts['needed']} approvals"
    print_message(f"Run {made['id']} is {made['state']}{given}.")
    print_item(made)

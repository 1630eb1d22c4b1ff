# SPDX-License-Identifier: Apache-2.0
"""`qm run`: order runs of playbooks, follow, cancel and relaunch them."""

import codecs
import sys
from collections.abc import Mapping
from typing import Any

import click

from inventory_service.cli.client.answer_options import answer_file_option, answer_option
from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.http import Client, Target, open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.lazy_commands import LazyCommand
from inventory_service.cli.terminal.confirmation import confirm_act, yes_option
from inventory_service.cli.terminal.lists import Listing, list_options, print_list
from inventory_service.cli.terminal.output import print_item, print_items, print_message
from inventory_service.cli.terminal.run_progress import follow_run
from inventory_service.cli.terminal.text import escape_controls

RUN = Target("run")
LISTING = Listing(
    "/api/v1/runs",
    RUN,
    ("id", "template", "state", "host_count", "requested_by", "created_at", "ended_at"),
    nothing="No runs. Order one with: qm run TEMPLATE",
)
HOST_COLUMNS = ("host", "ok", "changed", "failed", "unreachable", "skipped")
TASK_COLUMNS = ("number", "task", "started_at", "ended_at", "ok", "changed", "failed")
run_id_argument = click.argument("run_id", metavar="RUN", type=click.IntRange(min=1))
follow_option = click.option(
    "--follow/--no-follow",
    default=None,
    help="Print the log until the end, whose exit code is 0 if it was successful. On a terminal "
    "that is the default.",
)


class _Runs(click.Group):
    """A group whose unknown words are names of templates: `qm run site` starts one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words name."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["start", *args]
        return super().resolve_command(ctx, args)


_OTHERS = (
    LazyCommand(
        "apply",
        "commands.run_approvals:apply",
        "Order the run that applies PLAN, exactly as it is; it waits for approvals, if it needs "
        "some.",
    ),
    LazyCommand(
        "approve",
        "commands.run_approvals:approve",
        "Approve a run that somebody else has ordered; shows what it would change, and asks.",
    ),
    LazyCommand(
        "reject",
        "commands.run_approvals:reject",
        "Reject a run that waits for approvals; nothing of it is run.",
    ),
    LazyCommand(
        "approvals",
        "commands.run_approvals:approvals",
        "List who approved or rejected a run, when and why.",
    ),
)


@click.group(cls=_Runs, commands=_OTHERS)
@connection_options
def run() -> None:
    """Order runs of playbooks, follow, cancel and relaunch them.

    `qm run TEMPLATE` orders one; `qm template list` shows the templates.
    """


@run.command()
@click.argument("template", shell_complete=complete_names("template"))
@click.option("--limit", "-l", help="Nodes and groups, with * and ?, and ! before those left out.")
@click.option("--tag", "-t", "tags", multiple=True, help="Only tasks with this tag. Repeatable.")
@click.option("--skip-tag", "skip_tags", multiple=True, help="No task with this tag. Repeatable.")
@click.option("--check", "-C", is_flag=True, help="Change nothing; show what would change.")
@click.option("--diff", "-D", is_flag=True, help="Show what changes in files.")
@click.option(
    "--plan", is_flag=True, help="Check and diff, to be approved and applied: qm run apply."
)
@click.option("--slices", type=int, help="Split it over its hosts into so many; 1 for none.")
@click.option(
    "--force-slices/--no-force-slices",
    default=None,
    help="Also if the playbook has run_once, serial and the like.",
)
@answer_option
@answer_file_option
@click.option("--reason", help="Reason, for the audit record.")
@follow_option
@json_option
@connection_options
@pass_invocation
def start(
    invocation: Invocation,
    /,
    template: str,
    *,
    check: bool,
    diff: bool,
    plan: bool,
    follow: bool | None,
    **fields: Any,  # noqa: ANN401 (click's values)
) -> None:
    """Order a run of TEMPLATE."""
    api = open_api(invocation)
    order = drop_unset(**fields)
    made = api.runs.order(template, check=check, diff=diff, plan=plan, **order)
    go_on(api, made, follow=follow)


@run.command("list")
@click.option("--template", multiple=True, help="Only runs of this template. Repeatable.")
@click.option("--state", multiple=True, help="Only runs in this state. Repeatable.")
@click.option("--slices-of", "slice_of", type=int, multiple=True, help="The slices of this run.")
@click.option("--limit", type=click.IntRange(min=1), default=50, help="At most this many; 50.")
@list_options
@json_option
@connection_options
@pass_invocation
def list_runs(
    invocation: Invocation,
    /,
    limit: int,
    sort: str | None,
    fields: str | None,
    **filters: tuple[str | int, ...],
) -> None:
    """List runs, the newest first."""
    print_list(invocation, LISTING, drop_unset(**filters), sort=sort, fields=fields, limit=limit)


@run.command()
@run_id_argument
@json_option
@connection_options
@pass_invocation
def show(invocation: Invocation, /, run_id: int) -> None:
    """Show all fields of one run: why it waits, or how it ended, among them."""
    print_item(open_api(invocation).runs.get(run_id))


@run.command()
@run_id_argument
@json_option
@connection_options
@pass_invocation
def follow(invocation: Invocation, /, run_id: int) -> None:
    """Print the log of a run until it ends; the exit code is 0 if it was successful."""
    api = open_api(invocation)
    go_on(api, api.runs.get(run_id), follow=True)


@run.command()
@run_id_argument
@connection_options
@pass_invocation
def log(invocation: Invocation, /, run_id: int) -> None:
    """Print the log of a run, of a live one what there is by now."""
    parts = open_api(invocation).runs.stream_log(run_id)
    # A character may be cut where a part ends.
    for text in codecs.iterdecode(parts, "utf-8", errors="replace"):
        click.echo(escape_controls(text), nl=False)


@run.command()
@run_id_argument
@json_option
@connection_options
@pass_invocation
def hosts(invocation: Invocation, /, run_id: int) -> None:
    """Show the results of a run by host."""
    found = open_api(invocation).runs.read_hosts(run_id)
    print_items(found, HOST_COLUMNS, nothing=f"Run {run_id} has no hosts yet.")


@run.command()
@run_id_argument
@json_option
@connection_options
@pass_invocation
def tasks(invocation: Invocation, /, run_id: int) -> None:
    """Show the tasks of a run, and when each began and ended."""
    found = open_api(invocation).runs.read_tasks(run_id)
    print_items(found, TASK_COLUMNS, nothing=f"Run {run_id} has no tasks yet.")


@run.command()
@run_id_argument
@click.option("--reason", help="Reason, for the audit record.")
@yes_option
@json_option
@connection_options
@pass_invocation
def cancel(invocation: Invocation, /, run_id: int, reason: str | None, *, yes: bool) -> None:
    """Cancel a run; what a module has begun on a node goes on there."""
    runs = open_api(invocation).runs
    shown = ("template", "state", "host_count", "requested_by")
    confirm_act(f"Cancel run {run_id}", lambda: runs.get(run_id), shown, yes=yes)
    record = runs.cancel(run_id, **drop_unset(reason=reason))
    print_message(f"Run {run_id} is {record['state']}.")
    print_item(record)


@run.command()
@run_id_argument
@click.option("--failed", is_flag=True, help="Only hosts that failed or were unreachable.")
@click.option("--reason", help="Reason, for the audit record.")
@follow_option
@json_option
@connection_options
@pass_invocation
def relaunch(
    invocation: Invocation,
    /,
    run_id: int,
    reason: str | None,
    *,
    failed: bool,
    follow: bool | None,
) -> None:
    """Order the same run once more, with the input that was stored."""
    api, hosts = open_api(invocation), "failed" if failed else "all"
    made = api.runs.relaunch(run_id, hosts=hosts, **drop_unset(reason=reason))
    go_on(api, made, follow=follow)


def go_on(api: Client, made: Mapping[str, Any], *, follow: bool | None) -> None:
    """Print the run, or follow it to its end."""
    if follow if follow is not None else sys.stdout.isatty():
        follow_run(api.runs, made)
        return
    print_message(f"Run {made['id']} is {made['state']}: qm run follow {made['id']}")
    print_item(made)

# SPDX-License-Identifier: Apache-2.0
"""`qm schedule`: runs that are ordered at set times."""

import click

from inventory_service.cli.client.answer_options import answer_file_option, answer_option
from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.commands.catalog import CommandSpec, make_group
from inventory_service.cli.terminal.dates import parse_future
from inventory_service.cli.terminal.output import print_item, print_message

_FIELDS = (
    click.option("--description", help="What it is for, in one line."),
    click.option(
        "--cron",
        metavar="LINE",
        help="Minute, hour, day of month, month, day of week: '30 2 * * mon-fri'.",
    ),
    click.option("--time-zone", metavar="ZONE", help="Of the cron line: Europe/Berlin; UTC."),
    click.option(
        "--at",
        callback=parse_future,
        metavar="WHEN",
        help="Once, instead of --cron: 2h, 3d, or 2030-01-31T12:00:00Z.",
    ),
    click.option(
        "--jitter",
        "jitter_s",
        type=int,
        help="Seconds by up to which it fires later: always by as many; default: 0.",
    ),
    click.option(
        "--catch-up",
        type=click.Choice(["none", "last"]),
        help="After a time without a worker: go on, or fire once, late; default: none.",
    ),
    click.option("--limit", "-l", help="Nodes and groups, resolved each time anew; 'all' for all."),
    click.option(
        "--tag", "-t", "tags", multiple=True, help="Only tasks with this tag. Repeatable."
    ),
    click.option("--skip-tag", "skip_tags", multiple=True, help="No task with this tag."),
    click.option("--check/--no-check", default=None, help="Whether its runs change nothing."),
    click.option("--diff/--no-diff", default=None, help="Whether they show changes in files."),
    answer_option,
    answer_file_option,
)

schedule = make_group(
    CommandSpec(
        noun="schedule",
        collection="schedules",
        key="schedule",
        about="runs that are ordered at set times",
        columns=(
            "schedule",
            "template",
            "cron",
            "time_zone",
            "next_at",
            "is_paused",
            "last_run_id",
            "last_problem",
        ),
        first_fields=(
            click.option(
                "--template",
                required=True,
                shell_complete=complete_names("template"),
                help="Of which it orders runs.",
            ),
        ),
        fields=_FIELDS,
        set_help="Change fields of a schedule; its runs need your roles from then on.",
        retire_help="Retire a schedule: it does not fire any more.",
    )
)
_name_argument = click.argument(
    "name", metavar="SCHEDULE", shell_complete=complete_names("schedule")
)
_reason_option = click.option("--reason", help="Reason, for the audit record.")


@schedule.command()
@_name_argument
@_reason_option
@json_option
@connection_options
@pass_invocation
def pause(invocation: Invocation, /, name: str, reason: str | None) -> None:
    """Pause a schedule: it does not fire until it is resumed."""
    _set_paused(invocation, name, reason, is_paused=True)


@schedule.command()
@_name_argument
@_reason_option
@json_option
@connection_options
@pass_invocation
def resume(invocation: Invocation, /, name: str, reason: str | None) -> None:
    """Resume a schedule; what it missed while it was paused is not made up for."""
    _set_paused(invocation, name, reason, is_paused=False)


def _set_paused(invocation: Invocation, name: str, reason: str | None, *, is_paused: bool) -> None:
    schedules = open_api(invocation).schedules
    act = schedules.pause if is_paused else schedules.resume
    changed = act(name, **drop_unset(reason=reason))
    planned = "is paused" if is_paused else f"fires next at {changed['next_at']}"
    print_message(f"Schedule {name} {planned}.")
    print_item(changed)

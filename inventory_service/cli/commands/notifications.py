# SPDX-License-Identifier: Apache-2.0
"""`qm notification`: who hears of runs that have ended, by webhook, chat or mail."""

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.http import Target, open_api, path_of
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.commands.catalog import CommandSpec, make_group
from inventory_service.cli.terminal.lists import Listing, list_options, print_list
from inventory_service.cli.terminal.output import print_item, print_message

_DELIVERY_COLUMNS = ("id", "run_id", "state", "attempts", "answer_code", "last_error", "due_at")


def _secret(context: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """Return the first line of a file; `-` is standard input, an empty path clears the field.

    A secret among the arguments would be seen by all who list processes.
    """
    if not path:
        return path
    try:
        with click.open_file(path, encoding="utf-8") as file:
            line: str = file.readline()
            return line.rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{path!r} can't be read: {error}", context, option) from error


_FIELDS = (
    click.option("--description", help="What it is for, in one line."),
    click.option(
        "--url-file",
        "webhook_url",
        callback=_secret,
        metavar="FILE",
        help="File whose first line is the URL, which often is a secret; - for standard input.",
    ),
    click.option(
        "--secret-file",
        "secret",
        callback=_secret,
        metavar="FILE",
        help="File whose first line signs the messages of a webhook; - for standard input.",
    ),
    click.option("--recipient", "recipients", multiple=True, help="Mail address. Repeatable."),
    click.option(
        "--template",
        "templates",
        multiple=True,
        help="Only about runs of this template. Repeatable.",
        shell_complete=complete_names("template"),
    ),
    click.option(
        "--state", "states", multiple=True, help="Only about runs that end so. Repeatable."
    ),
    click.option(
        "--paused/--no-paused", "is_paused", default=None, help="Whether nothing is sent."
    ),
)
_name = click.argument(
    "name", metavar="NOTIFICATION", shell_complete=complete_names("notification")
)
_reason = click.option("--reason", help="Reason, for the audit record.")

notification = make_group(
    CommandSpec(
        noun="notification",
        collection="notifications",
        key="notification",
        about="who hears of runs that have ended, by webhook, chat or mail",
        columns=("notification", "kind", "destination", "states", "templates", "is_paused"),
        first_fields=(
            click.option(
                "--kind",
                required=True,
                type=click.Choice(["webhook", "slack", "mattermost", "mail"]),
                help="How messages are sent.",
            ),
        ),
        fields=_FIELDS,
        set_help="Change fields of a notification; its kind stays.",
        retire_help="Retire a notification; nothing is sent any more, and what waits is given up.",
    )
)


@notification.command()
@_name
@click.option("--state", multiple=True, help="pending, delivered or failed. Repeatable.")
@click.option("--limit", type=click.IntRange(min=1), default=50, help="At most this many; 50.")
@list_options
@json_option
@connection_options
@pass_invocation
def deliveries(
    invocation: Invocation,
    /,
    name: str,
    state: tuple[str, ...],
    limit: int,
    sort: str | None,
    fields: str | None,
) -> None:
    """List the messages of a notification, the newest first, and what came of each."""
    target = Target("notification", name)
    listing = Listing(
        path_of("notifications", target, "deliveries"),
        target,
        _DELIVERY_COLUMNS,
        nothing=f"No deliveries yet. Send a test: qm notification test {name}",
    )
    query = drop_unset(state=state)
    print_list(invocation, listing, query, sort=sort, fields=fields, limit=limit)


@notification.command()
@_name
@click.argument("delivery_id", metavar="DELIVERY", type=click.IntRange(1, 2**31 - 1))
@_reason
@json_option
@connection_options
@pass_invocation
def redeliver(invocation: Invocation, /, name: str, delivery_id: int, reason: str | None) -> None:
    """Send a message once more."""
    notifications = open_api(invocation).notifications
    made = notifications.redeliver(name, delivery_id, **drop_unset(reason=reason))
    print_message(f"Delivery {made['id']} is queued: qm notification deliveries {name}")
    print_item(made)


@notification.command()
@_name
@_reason
@json_option
@connection_options
@pass_invocation
def test(invocation: Invocation, /, name: str, reason: str | None) -> None:
    """Send a message that is about no run, by the worker."""
    made = open_api(invocation).notifications.test(name, **drop_unset(reason=reason))
    print_message(f"Delivery {made['id']} is queued: qm notification deliveries {name}")
    print_item(made)

# SPDX-License-Identifier: Apache-2.0
"""`qm webhook`: signed requests of other programs that order runs."""

from typing import Any

import click

from inventory_service.cli.client.answer_options import answer_file_option, answer_option
from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.http import Target, open_api, path_of
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset, json_file
from inventory_service.cli.commands.catalog import CommandSpec, make_group
from inventory_service.cli.terminal.lists import Listing, list_options, print_list
from inventory_service.cli.terminal.output import print_item

_DELIVERY_COLUMNS = ("id", "received_at", "outcome", "run_id", "reason", "address")
_FIELDS = (
    click.option("--description", help="What it is for, in one line."),
    click.option(
        "--values",
        callback=json_file,
        metavar="FILE",
        help="JSON file: which values of a request become which fields of the order; - for "
        "standard input.",
    ),
    click.option(
        "--conditions",
        callback=json_file,
        metavar="FILE",
        help="JSON file: what a request must hold; - for standard input.",
    ),
    click.option("--limit", "-l", help="Nodes and groups, resolved each time anew."),
    click.option(
        "--tag", "-t", "tags", multiple=True, help="Only tasks with this tag. Repeatable."
    ),
    click.option("--skip-tag", "skip_tags", multiple=True, help="No task with this tag."),
    click.option("--check/--no-check", default=None, help="Whether its runs change nothing."),
    click.option("--diff/--no-diff", default=None, help="Whether they show changes in files."),
    answer_option,
    answer_file_option,
    click.option(
        "--paused/--no-paused", "is_paused", default=None, help="Whether requests are ignored."
    ),
)
_name = click.argument("name", metavar="WEBHOOK", shell_complete=complete_names("webhook"))

webhook = make_group(
    CommandSpec(
        noun="webhook",
        collection="webhooks",
        key="webhook",
        about="signed requests of other programs that order runs",
        columns=("webhook", "template", "kind", "is_paused", "secret_made_at", "refused_at"),
        first_fields=(
            click.option(
                "--template",
                required=True,
                shell_complete=complete_names("template"),
                help="Of which it orders runs.",
            ),
            click.option(
                "--kind",
                required=True,
                type=click.Choice(["quartermaster", "standard", "github", "gitlab", "bearer"]),
                help="Who sends the requests, which decides how they are signed.",
            ),
        ),
        fields=_FIELDS,
        set_help="Change fields of a webhook; its runs need your roles from then on.",
        retire_help="Retire a webhook: its requests are refused.",
    )
)


@webhook.command()
@_name
@click.option(
    "--overlap",
    "overlap_s",
    type=click.IntRange(min=0),
    help="Seconds for which the former secret is valid, too; default: 0.",
)
@click.option("--reason", help="Reason, for the audit record.")
@json_option
@connection_options
@pass_invocation
def secret(invocation: Invocation, /, name: str, **fields: Any) -> None:  # noqa: ANN401 (click's values)
    """Make a new secret, and print it: it is not shown again."""
    print_item(open_api(invocation).webhooks.make_secret(name, **drop_unset(**fields)))


@webhook.command()
@_name
@click.argument("body", metavar="FILE", callback=json_file)
@json_option
@connection_options
@pass_invocation
def preview(invocation: Invocation, /, name: str, body: object) -> None:
    """Show what would become of a request whose body is in FILE; - for standard input."""
    print_item(open_api(invocation).webhooks.preview(name, body))


@webhook.command()
@_name
@click.option("--outcome", multiple=True, help="accepted, ignored or refused. Repeatable.")
@click.option("--limit", type=click.IntRange(min=1), default=50, help="At most this many; 50.")
@list_options
@json_option
@connection_options
@pass_invocation
def deliveries(
    invocation: Invocation,
    /,
    name: str,
    outcome: tuple[str, ...],
    limit: int,
    sort: str | None,
    fields: str | None,
) -> None:
    """List the requests whose signature fits, the newest first, and what became of each."""
    target = Target("webhook", name)
    listing = Listing(
        path_of("webhooks", target, "deliveries"),
        target,
        _DELIVERY_COLUMNS,
        nothing=f"No requests yet; a wrong signature shows in: qm webhook show {name}",
    )
    query = drop_unset(outcome=outcome)
    print_list(invocation, listing, query, sort=sort, fields=fields, limit=limit)

# SPDX-License-Identifier: Apache-2.0
"""Lists on the command line: sorted, with the fields that somebody chooses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from inventory_service.cli.client.http import Query, Target, open_api
from inventory_service.cli.client.invocation import Invocation
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.terminal.output import print_items

Command = TypeVar("Command", bound=Callable[..., object])


@dataclass(frozen=True)
class Listing:
    """A list of the service, and its default columns."""

    path: str
    target: Target
    columns: Sequence[str]
    #: The message for an empty list.
    nothing: str


def list_options(command: Command) -> Command:
    """Add `--sort` and `--fields`."""
    command = click.option(
        "--fields", metavar="A,B", help="Show these fields, in this order, and no others."
    )(command)
    return click.option(
        "--sort",
        metavar="A,-B",
        help="Sort by these fields; '-' before one sorts it in descending order.",
    )(command)


def print_list(
    invocation: Invocation,
    listing: Listing,
    query: Mapping[str, Any],
    *,
    sort: str | None,
    fields: str | None,
    limit: int | None = None,
) -> None:
    """Print the list as a table or as JSON."""
    asked: Query = {**query, **drop_unset(sort=sort, fields=fields)}
    found = open_api(invocation).items(listing.path, listing.target, asked, limit=limit)
    columns = fields.split(",") if fields else listing.columns
    # A new entry would not be in a list that other filters leave empty.
    nothing = "Nothing fits these filters." if query else listing.nothing
    print_items(found, columns, nothing=nothing)

# SPDX-License-Identifier: Apache-2.0
"""The options that choose nodes, for every command that is about many of them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from inventory_service.cli.client.completion import complete_names

Command = TypeVar("Command", bound=Callable[..., object])

# option, filter of the API, help
_FILTERS = (
    ("--project", "project", "Only nodes of this project. Repeatable."),
    ("--environment", "environment", "Only nodes of this environment. Repeatable."),
    ("--cluster", "cluster", "Only nodes of this cluster. Repeatable."),
    ("--region", "region", "Only nodes in this region. Repeatable."),
    ("--type", "node_type", "Only nodes of this type. Repeatable."),
    ("--state", "state", "Only nodes in this state; any shows the retired, too. Repeatable."),
)
#: Filters whose values are names that a shell can complete.
NAMED = ("project", "environment", "cluster")


def filter_options(command: Command) -> Command:
    """Add the options; the command gets them as keyword arguments for `filters_of`."""
    for option, name, text in reversed(_FILTERS):
        complete = complete_names(name) if name in NAMED else None
        command = click.option(option, name, multiple=True, help=text, shell_complete=complete)(
            command
        )
    return command


def filters_of(filters: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return the filters that were given, as a query of the API takes them."""
    return {name: values for name, values in filters.items() if values}

# SPDX-License-Identifier: Apache-2.0
"""The commands that clusters, projects, environments and services share, made once for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

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
from inventory_service.cli.commands.lists import Listing, list_options, print_list
from inventory_service.cli.terminal.output import print_item, say
from inventory_service.core.labels import with_article

Option = Callable[[Callable[..., object]], Callable[..., object]]
_reason_option = click.option("--reason", help="Stands in the audit record.")


@dataclass(frozen=True)
class CommandSpec:
    """What differs from one kind of catalog entry to the next: its words and its options."""

    noun: str
    #: The name of the kind in paths.
    collection: str
    #: The field that holds the name.
    key: str
    #: What it is, for the help of the group.
    about: str
    columns: Sequence[str]
    #: The options of `add` and of `set`.
    fields: Sequence[Option]
    #: The options of `add` alone: what stays as it was said first.
    first_fields: Sequence[Option]
    #: What `set` and `retire` do, as sentences.
    changes: str
    ends: str

    def make_listing(self) -> Listing:
        """Return the list of all of them."""
        return Listing(
            f"/api/v1/{self.collection}",
            Target(self.noun),
            self.columns,
            nothing=f"No {self.collection}. Add one with: qm {self.noun} add",
        )

    def named(self, name: str) -> Target:
        """Return one of them, as messages name it."""
        return Target(self.noun, name)


def make_group(wording: CommandSpec) -> click.Group:
    """Return `qm <noun>` with list, show, add, set and retire."""
    group = click.Group(
        wording.noun, help=f"Work with {wording.collection}: {wording.about}.", no_args_is_help=True
    )
    connection_options(group)
    _add_reading(group, wording)
    _add_writing(group, wording)
    _add_end(group, wording)
    return group


def _add_reading(group: click.Group, wording: CommandSpec) -> None:
    @group.command("list", help=f"List the {wording.collection}.")
    @list_options
    @json_option
    @connection_options
    @pass_invocation
    def list_all(invocation: Invocation, /, sort: str | None, fields: str | None) -> None:
        print_list(invocation, wording.make_listing(), {}, sort=sort, fields=fields)

    @group.command(help=f"Show one {wording.noun}.")
    @_name_argument(wording)
    @json_option
    @connection_options
    @pass_invocation
    def show(invocation: Invocation, /, name: str) -> None:
        thing = wording.named(name)
        print_item(open_api(invocation).get(path_of(wording.collection, thing), thing))


def _add_writing(group: click.Group, wording: CommandSpec) -> None:
    @group.command(help=f"Register {with_article(wording.noun)}.")
    @_name_argument(wording, is_new=True)
    @_all_of([*wording.first_fields, *wording.fields, _reason_option])
    @json_option
    @connection_options
    @pass_invocation
    def add(invocation: Invocation, /, name: str, **fields: Any) -> None:  # noqa: ANN401 (click's values)
        body = {wording.key: name} | drop_unset(**fields)
        path = f"/api/v1/{wording.collection}"
        made = open_api(invocation).post(path, wording.named(name), body)
        say(f"{wording.noun.capitalize()} {made[wording.key]} is registered.")
        print_item(made)

    @group.command("set", help=f"{wording.changes} An empty value takes a field away.")
    @_name_argument(wording)
    @_all_of([*wording.fields, _reason_option])
    @json_option
    @connection_options
    @pass_invocation
    def set_fields(invocation: Invocation, /, name: str, **fields: Any) -> None:  # noqa: ANN401 (click's values)
        thing = wording.named(name)
        body = drop_unset(**fields)
        if not body.keys() - {"reason"}:
            raise click.UsageError(
                f"Nothing to change: `qm {wording.noun} set --help` lists the fields."
            )
        changed = open_api(invocation).patch(path_of(wording.collection, thing), thing, body)
        say(f"{wording.noun.capitalize()} {changed[wording.key]} is changed.")
        print_item(changed)


def _add_end(group: click.Group, wording: CommandSpec) -> None:
    @group.command(help=wording.ends)
    @_name_argument(wording)
    @click.option("--reason", required=True, help="Why; stands in the record.")
    @json_option
    @connection_options
    @pass_invocation
    def retire(invocation: Invocation, /, name: str, reason: str) -> None:
        thing = wording.named(name)
        path = path_of(wording.collection, thing, "retirement")
        record = open_api(invocation).post(path, thing, {"reason": reason})
        say(f"{wording.noun.capitalize()} {name} is retired.")
        print_item(record)


def _name_argument(wording: CommandSpec, *, is_new: bool = False) -> Option:
    complete = None if is_new else complete_names(wording.noun)
    return click.argument("name", metavar=wording.key.upper(), shell_complete=complete)


def _all_of(options: Sequence[Option]) -> Option:
    def add(command: Callable[..., object]) -> Callable[..., object]:
        for option in reversed(options):
            command = option(command)
        return command

    return add

# SPDX-License-Identifier: Apache-2.0
"""The commands that clusters, projects, environments and services share, made once for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.http import Target, open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.terminal.confirmation import confirm_act, yes_option
from inventory_service.cli.terminal.lists import Listing, list_options, print_list
from inventory_service.cli.terminal.output import print_item, print_message
from inventory_service.client.catalog import Catalog
from inventory_service.core.labels import with_article

Option = Callable[[Callable[..., object]], Callable[..., object]]
_reason_option = click.option("--reason", help="Reason, for the audit record.")


@dataclass(frozen=True)
class CommandSpec:
    """What differs from one kind of catalog entry to the next: its texts and its options."""

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
    #: The options of `add` alone: fields that never change.
    first_fields: Sequence[Option]
    #: The first sentences of the help of `set` and `retire`.
    set_help: str
    retire_help: str

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


def make_group(spec: CommandSpec) -> click.Group:
    """Return `qm <noun>` with list, show, add, set and retire."""
    group = click.Group(
        spec.noun, help=f"Work with {spec.collection}: {spec.about}.", no_args_is_help=True
    )
    connection_options(group)
    _add_reading(group, spec)
    _add_writing(group, spec)
    _add_retire(group, spec)
    return group


def _add_reading(group: click.Group, spec: CommandSpec) -> None:
    @group.command("list", help=f"List the {spec.collection}.")
    @list_options
    @json_option
    @connection_options
    @pass_invocation
    def list_all(invocation: Invocation, /, sort: str | None, fields: str | None) -> None:
        print_list(invocation, spec.make_listing(), {}, sort=sort, fields=fields)

    @group.command(help=f"Show one {spec.noun}.")
    @_name_argument(spec)
    @json_option
    @connection_options
    @pass_invocation
    def show(invocation: Invocation, /, name: str) -> None:
        print_item(_open(invocation, spec).get(name))


def _add_writing(group: click.Group, spec: CommandSpec) -> None:
    @group.command(help=f"Register {with_article(spec.noun)}.")
    @_name_argument(spec, is_new=True)
    @_all_of([*spec.first_fields, *spec.fields, _reason_option])
    @json_option
    @connection_options
    @pass_invocation
    def add(invocation: Invocation, /, name: str, **fields: Any) -> None:  # noqa: ANN401 (click's values)
        made = _open(invocation, spec).register(name, **drop_unset(**fields))
        print_message(f"{spec.noun.capitalize()} {made[spec.key]} is registered.")
        print_item(made)

    @group.command("set", help=f"{spec.set_help} An empty value clears a field.")
    @_name_argument(spec)
    @_all_of([*spec.fields, _reason_option])
    @json_option
    @connection_options
    @pass_invocation
    def set_fields(invocation: Invocation, /, name: str, **fields: Any) -> None:  # noqa: ANN401 (click's values)
        body = drop_unset(**fields)
        if not body.keys() - {"reason"}:
            raise click.UsageError(
                f"Nothing to change: `qm {spec.noun} set --help` lists the fields."
            )
        changed = _open(invocation, spec).change(name, **body)
        print_message(f"{spec.noun.capitalize()} {changed[spec.key]} is changed.")
        print_item(changed)


def _add_retire(group: click.Group, spec: CommandSpec) -> None:
    @group.command(help=spec.retire_help)
    @_name_argument(spec)
    @click.option("--reason", required=True, help="Reason, for the audit record.")
    @yes_option
    @json_option
    @connection_options
    @pass_invocation
    def retire(invocation: Invocation, /, name: str, reason: str, *, yes: bool) -> None:
        entries, target = _open(invocation, spec), spec.named(name)
        confirm_act(f"Retire {target}", lambda: entries.get(name), spec.columns[1:], yes=yes)
        record = entries.retire(name, reason=reason)
        print_message(f"{spec.noun.capitalize()} {name} is retired.")
        print_item(record)


def _open(invocation: Invocation, spec: CommandSpec) -> Catalog:
    return Catalog(open_api(invocation), spec.noun)


def _name_argument(spec: CommandSpec, *, is_new: bool = False) -> Option:
    complete = None if is_new else complete_names(spec.noun)
    return click.argument("name", metavar=spec.key.upper(), shell_complete=complete)


def _all_of(options: Sequence[Option]) -> Option:
    def add(command: Callable[..., object]) -> Callable[..., object]:
        for option in reversed(options):
            command = option(command)
        return command

    return add

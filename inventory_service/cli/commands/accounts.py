# SPDX-License-Identifier: Apache-2.0
"""`qm account`: people and programs, and what they may do in which projects."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
    wants_json,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.terminal.confirmation import confirm_act, yes_option
from inventory_service.cli.terminal.lists import list_options
from inventory_service.cli.terminal.output import print_item, print_items, print_message
from inventory_service.client.accounts import Accounts
from inventory_service.core.actors import Role

Command = TypeVar("Command", bound=Callable[..., object])
_COLUMNS = ("account", "kind", "roles", "description", "disabled_at")
_reason_option = click.option("--reason", help="Reason, for the audit record.")
_name_argument = click.argument("name", metavar="ACCOUNT", shell_complete=complete_names("account"))
_kind_option = click.option(
    "--kind", type=click.Choice(["person", "program"]), help="Who acts by it; default: person."
)
_description_option = click.option("--description", help="Who it is, in one line.")


def _role_options(command: Command) -> Command:
    """Add which role, and where."""
    command = click.option(
        "--project",
        shell_complete=complete_names("project"),
        help="Where it holds. Default: in all projects, and for what belongs to none.",
    )(command)
    return click.argument("role", type=click.Choice([role.value for role in Role]))(command)


@click.group()
@connection_options
def account() -> None:
    """Work with accounts: people and programs, and their roles in projects."""


@account.command("list")
@list_options
@json_option
@connection_options
@pass_invocation
def list_accounts(invocation: Invocation, /, sort: str | None, fields: str | None) -> None:
    """List the accounts."""
    found = open_api(invocation).accounts.iterate(sort=sort, fields=fields)
    columns = fields.split(",") if fields else _COLUMNS
    print_items(map(name_roles, found), columns, nothing="No accounts.")


@account.command()
@_name_argument
@json_option
@connection_options
@pass_invocation
def show(invocation: Invocation, /, name: str) -> None:
    """Show one account."""
    print_item(name_roles(open_api(invocation).accounts.get(name)))


@account.command()
@click.argument("name", metavar="ACCOUNT")
@_kind_option
@_description_option
@_reason_option
@json_option
@connection_options
@pass_invocation
def add(invocation: Invocation, /, name: str, **fields: str | None) -> None:
    """Register an account, which has no role yet."""
    made = open_api(invocation).accounts.register(name, **drop_unset(**fields))
    print_message(f"Account {name} is registered. Grant it a role: qm account grant {name} viewer")
    print_item(name_roles(made))


@account.command("set")
@_name_argument
@_kind_option
@_description_option
@_reason_option
@json_option
@connection_options
@pass_invocation
def set_fields(invocation: Invocation, /, name: str, **fields: str | None) -> None:
    """Change fields of an account. An empty value clears a field."""
    body = drop_unset(**fields)
    if not body.keys() - {"reason"}:
        raise click.UsageError("Nothing to change: `qm account set --help` lists the fields.")
    changed = open_api(invocation).accounts.change(name, **body)
    _report(changed, f"Account {name} is changed.")


@account.command()
@_name_argument
@_reason_option
@yes_option
@json_option
@connection_options
@pass_invocation
def disable(invocation: Invocation, /, name: str, reason: str | None, *, yes: bool) -> None:
    """Disable an account: its tokens are refused at once, and its schedules do not fire."""
    accounts = open_api(invocation).accounts
    _ask(accounts, name, f"Disable account {name}", yes=yes)
    changed = accounts.disable(name, **drop_unset(reason=reason))
    _report(changed, f"Account {name} is disabled.")


@account.command()
@_name_argument
@_reason_option
@json_option
@connection_options
@pass_invocation
def enable(invocation: Invocation, /, name: str, reason: str | None) -> None:
    """Enable an account: its tokens are good again, unless they were revoked or have expired."""
    changed = open_api(invocation).accounts.enable(name, **drop_unset(reason=reason))
    _report(changed, f"Account {name} is enabled.")


@account.command()
@_name_argument
@_role_options
@_reason_option
@json_option
@connection_options
@pass_invocation
def grant(invocation: Invocation, /, name: str, **fields: str | None) -> None:
    """Grant a role to an account, in a project or in all of them."""
    body = drop_unset(**fields)
    changed = open_api(invocation).accounts.grant(name, **body)
    _report(changed, f"Account {name} has the role {_name_role(body)}.")


@account.command()
@_name_argument
@_role_options
@_reason_option
@yes_option
@json_option
@connection_options
@pass_invocation
def revoke(invocation: Invocation, /, name: str, *, yes: bool, **fields: str | None) -> None:
    """Revoke a role of an account, just as it was granted."""
    body = drop_unset(**fields)
    role = _name_role(body)
    accounts = open_api(invocation).accounts
    _ask(accounts, name, f"Revoke the role {role} of account {name}", yes=yes)
    changed = accounts.revoke(name, **body)
    _report(changed, f"Account {name} has not the role {role} any more.")


def name_roles(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an account as people read it; as JSON it stays what it is."""
    return item if wants_json() or "roles" not in item else _as_text(item)


def _report(changed: Mapping[str, Any], outcome: str) -> None:
    print_message(outcome)
    print_item(name_roles(changed))


def _ask(accounts: Accounts, name: str, act: str, *, yes: bool) -> None:
    confirm_act(act, lambda: _as_text(accounts.get(name)), ("kind", "roles"), yes=yes)


def _as_text(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "roles": [_name_role(role) for role in item["roles"]]}


def _name_role(role: Mapping[str, Any]) -> str:
    """Return a role as people say it: 'operator in shop'."""
    return f"{role['role']} in {role.get('project') or 'all projects'}"

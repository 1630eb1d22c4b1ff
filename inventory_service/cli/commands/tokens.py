# SPDX-License-Identifier: Apache-2.0
"""`qm token`: by what accounts use the service, and how much of their roles."""

from typing import Any

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.http import Client, Target, open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
    wants_json,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.terminal.confirmation import confirm_act, yes_option
from inventory_service.cli.terminal.dates import parse_future
from inventory_service.cli.terminal.lists import Listing, list_options, print_list
from inventory_service.cli.terminal.output import print_item, print_json, print_message
from inventory_service.core.actors import Scope

LISTING = Listing(
    "/api/v1/tokens",
    Target("token"),
    ("token_id", "name", "account", "scope", "created_at", "expires_at", "revoked_at"),
    nothing="No tokens.",
)


@click.group()
@connection_options
def token() -> None:
    """Work with API tokens; all of it needs the role admin."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    default=Scope.VIEWER.value,
    show_default=True,
    help="How much of its account's roles it may use; each scope includes those before it.",
)
@click.option(
    "--account",
    shell_complete=complete_names("account"),
    help="To whom it belongs. Default: the account of its own name, which is made with the roles "
    "of the scope if there is none.",
)
@click.option(
    "--expires",
    "expires_at",
    callback=parse_future,
    metavar="WHEN",
    help="Expiry: 90d, 12h, or 2030-01-31T12:00:00Z. Default: never.",
)
@json_option
@connection_options
@pass_invocation
def create(invocation: Invocation, /, name: str, **fields: str | None) -> None:
    """Create a token and show it, only once: the service stores its hash."""
    made = open_api(invocation).tokens.create(name, **drop_unset(**fields))
    if wants_json():
        print_json(made)
        return
    # The token alone on standard output, so that `QM_TOKEN=$(qm token create …)` works.
    click.echo(
        f"Token {name} of account {made['account']} ({made['scope']}), shown only once:", err=True
    )
    click.echo(made["token"])


@token.command("list")
@list_options
@json_option
@connection_options
@pass_invocation
def list_tokens(invocation: Invocation, /, sort: str | None, fields: str | None) -> None:
    """List the tokens, never their secrets."""
    print_list(invocation, LISTING, {}, sort=sort, fields=fields)


@token.command()
@click.argument("token_id", metavar="ID")
@yes_option
@json_option
@connection_options
@pass_invocation
def revoke(invocation: Invocation, /, token_id: str, *, yes: bool) -> None:
    """Revoke a token now; `qm token list` shows the ids."""
    api, target = open_api(invocation), Target("token", token_id)
    confirm_act(f"Revoke {target}", lambda: _read(api, target), LISTING.columns[1:], yes=yes)
    record = api.tokens.revoke(token_id)
    print_message(f"Token {token_id} is revoked.")
    print_item(record)


def _read(api: Client, target: Target) -> dict[str, Any]:
    """Return a token from the list: the service has no route for one."""
    for token in api.tokens.iterate():
        if token["token_id"] == target.name:
            return token
    raise Failure(
        f"{target}: there is no such token",
        Exit.NOT_FOUND,
        next_step="see what there is with `qm token list`",
    )

# SPDX-License-Identifier: Apache-2.0
"""`qm chat`: which users of Slack and Mattermost act for which accounts."""

import click

from inventory_service.cli.client.http import Target, open_api, path_of
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.terminal.confirmation import confirm, confirm_act, yes_option
from inventory_service.cli.terminal.lists import Listing, list_options, print_list
from inventory_service.cli.terminal.output import print_item, print_message

IDENTITY = Target("chat identity")
LISTING = Listing(
    "/api/v1/chat/identities",
    IDENTITY,
    ("id", "platform", "team_id", "user_id", "account", "scope", "created_at"),
    nothing="No identities. Send `/qm link` in the chat, or add one: qm chat identity add",
)
_reason = click.option("--reason", help="Reason, for the audit record.")


@click.group()
@connection_options
def chat() -> None:
    """Work with users of Slack and Mattermost: for which accounts they act."""


@chat.command()
@click.argument("code")
@_reason
@yes_option
@json_option
@connection_options
@pass_invocation
def link(invocation: Invocation, /, code: str, reason: str | None, *, yes: bool) -> None:
    """Link the user of a chat who was shown CODE by `/qm link` with your account."""
    api, target = open_api(invocation), Target("code", code)
    who = api.get(path_of("chat/links", target), target)
    user = f"{who['platform']} user {who['user_name'] or who['user_id']} ({who['user_id']})"
    confirm(f"Let {user} of team {who['team_id']} act for your account?", yes=yes)
    made = api.post("/api/v1/chat/links", target, {"code": code} | drop_unset(reason=reason))
    print_message(f"{user} acts for the account {made['account']}.")
    print_item(made)


@chat.group()
@connection_options
def identity() -> None:
    """Work with identities of chat; all of it needs the scope admin."""


@identity.command("list")
@list_options
@json_option
@connection_options
@pass_invocation
def list_identities(invocation: Invocation, /, sort: str | None, fields: str | None) -> None:
    """List which users act for which accounts."""
    print_list(invocation, LISTING, {}, sort=sort, fields=fields)


@identity.command()
@click.argument("platform", type=click.Choice(["slack", "mattermost"]))
@click.argument("team_id", metavar="TEAM")
@click.argument("user_id", metavar="USER")
@click.argument("account")
@_reason
@json_option
@connection_options
@pass_invocation
def add(invocation: Invocation, /, reason: str | None, **fields: str) -> None:
    """Let USER of TEAM, by their ids on the platform, act for ACCOUNT."""
    body = dict(fields) | drop_unset(reason=reason)
    made = open_api(invocation).post(LISTING.path, IDENTITY, body)
    print_message(f"{made['platform']} user {made['user_id']} acts for {made['account']}.")
    print_item(made)


@identity.command()
@click.argument("identity_id", metavar="ID", type=click.IntRange(1, 2**31 - 1))
@_reason
@yes_option
@json_option
@connection_options
@pass_invocation
def remove(invocation: Invocation, /, identity_id: int, reason: str | None, *, yes: bool) -> None:
    """Remove an identity; its user has no rights from now on."""
    target = Target("chat identity", str(identity_id))
    api, path = open_api(invocation), path_of("chat/identities", target)
    confirm_act(f"Remove {target}", lambda: api.get(path, target), LISTING.columns[1:5], yes=yes)
    gone = api.post(f"{path}/removal", target, drop_unset(reason=reason))
    print_message(f"{gone['platform']} user {gone['user_id']} acts for nobody any more.")
    print_item(gone)

# SPDX-License-Identifier: Apache-2.0
"""`qm init`: the database and the first admin token; it runs beside the database, not over HTTP."""

import click
from pydantic import ValidationError

from inventory_service.cli.admin.settings import map_errors, read_settings
from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.failures import ending_with_failures
from inventory_service.cli.client.invocation import json_option, wants_json
from inventory_service.cli.terminal.output import print_json
from inventory_service.client.profiles import Connection, profile_path, save_profile
from inventory_service.client_settings import read_client_settings
from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.schema import upgrade
from inventory_service.core.encryption import make_key
from inventory_service.core.errors import Conflict
from inventory_service.database import open_database
from inventory_service.identity.domain.accounts import AccountKind
from inventory_service.identity.domain.tokens import TokenRequest
from inventory_service.identity.usecases.accounts import provide_account
from inventory_service.identity.usecases.tokens import count_tokens, create_token
from inventory_service.settings import Settings


@click.command()
@click.option("--name", default="admin", show_default=True, help="Name of the token.")
@click.option("--force-new-token", is_flag=True, help="Create one although there are tokens.")
@click.option(
    "--save-profile",
    "profile",
    metavar="NAME",
    is_flag=False,
    flag_value="default",
    help="Write address and token into this profile of the profile file (default: default).",
)
@json_option
def init(name: str, profile: str | None, *, force_new_token: bool) -> None:
    """Create the database and the first admin token, which is shown only once.

    Works on QM_DATABASE_URL. A second call is refused while there are tokens.
    """
    settings = read_settings()
    request = _request_token(name)
    with map_errors():
        upgrade(settings.database_url)
        make_key(settings.secret_key_path)
        text = _make_token(settings, request, is_forced=force_new_token)
    if wants_json():
        print_json({"name": name, "account": name, "scope": Scope.ADMIN.value, "token": text})
    else:
        click.echo(f"Admin token {name}, shown only once:", err=True)
        click.echo(text)
    if profile:
        path = profile_path(read_client_settings())
        with ending_with_failures():
            save_profile(path, profile, Connection(f"http://{settings.bind}", text))
        click.echo(f"Profile {profile} is written to {path}.", err=True)


def _request_token(name: str) -> TokenRequest:
    try:
        return TokenRequest(name=name, scope=Scope.ADMIN)
    except ValidationError as error:
        field_error = error.errors()[0]
        raise Failure(
            f"the token's name: {field_error['msg']}",
            Exit.USAGE,
            next_step="give another with --name",
        ) from None


def _make_token(settings: Settings, request: TokenRequest, *, is_forced: bool) -> str:
    """Return the text of a new admin token; checked and made in one transaction."""
    actor = Actor("qm init", Channel.CLI, Scope.ADMIN)
    database = open_database(settings)
    try:
        with database.writing() as session:
            if count_tokens(session) and not is_forced:
                raise Conflict(
                    "The database is in use: there are tokens already. Use the one you have; "
                    "`qm init --force-new-token --name NAME` makes more."
                )
            provide_account(session, actor, request.name, request.scope, kind=AccountKind.PERSON)
            _, text = create_token(session, actor, request)
            return text
    finally:
        database.engine.dispose()

# SPDX-License-Identifier: Apache-2.0
"""`qm init`, `qm migrate`, `qm serve`: they run beside the database, not over HTTP."""

import click
from pydantic import ValidationError

from inventory_service.app import create_app, open_database
from inventory_service.cli.admin.settings import map_errors, read_settings
from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.invocation import json_option, wants_json
from inventory_service.cli.client.profiles import Connection, profile_path, save_profile
from inventory_service.cli.terminal.output import print_json, say
from inventory_service.client_settings import read_client_settings
from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.schema import move, read_schema, upgrade
from inventory_service.core.errors import Conflict
from inventory_service.identity.domain import TokenRequest
from inventory_service.identity.usecases import count_tokens, create_token
from inventory_service.server.serving import serve as serve_until_stopped
from inventory_service.server.sockets import open_listeners
from inventory_service.settings import Settings


@click.command()
@click.option("--name", default="admin", show_default=True, help="Name of the token.")
@click.option("--force-new-token", is_flag=True, help="Make one although there are tokens.")
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
    """Make the database and the first admin token, which is shown this once.

    Works on QM_DATABASE_URL. A second call is refused while there are tokens.
    """
    settings = read_settings()
    request = _request_token(name)
    with map_errors():
        upgrade(settings.database_url)
        text = _make_token(settings, request, is_forced=force_new_token)
    if wants_json():
        print_json({"name": name, "scope": Scope.ADMIN.value, "token": text})
    else:
        click.echo(f"Admin token {name}, shown this once:", err=True)
        click.echo(text)
    if profile:
        path = profile_path(read_client_settings())
        save_profile(path, profile, Connection(f"http://{settings.bind}", text))
        click.echo(f"Profile {profile} is written to {path}.", err=True)


@click.command()
@click.option(
    "--to",
    "revision",
    metavar="SCHEMA",
    help="Go to this schema, also back to an older one: what that can't hold is lost.",
)
@json_option
def migrate(revision: str | None) -> None:
    """Bring the database (QM_DATABASE_URL) to the schema of this version."""
    settings = read_settings()
    with map_errors():
        if revision is None:
            upgrade(settings.database_url)
        else:
            move(settings.database_url, revision)
    if wants_json():
        print_json({"is_current": revision is None, "schema": revision})
    say(f"The database has the schema {revision or 'of this version'}.")


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Where to listen; wins over QM_BIND.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes; /metrics counts for one of them.",
)
@click.option("--threads", type=click.IntRange(1, 256), help="Requests at once in a process.")
@click.option("--check", is_flag=True, help="Check whether it could start, and exit.")
def serve(bind: str | None, workers: int, threads: int | None, *, check: bool) -> None:
    """Serve the API until SIGTERM or Ctrl-C; the database must be there (`qm init`).

    Where systemd hands over a socket, it serves that one, and a restart loses no request.
    """
    given = {"bind": bind, "threads": threads}
    settings = read_settings().model_copy(update={k: v for k, v in given.items() if v is not None})
    with map_errors():
        database = open_database(settings)
        schema = read_schema(database.engine)
        database.engine.dispose()
    if not schema.is_current:
        raise Failure(schema.explain())
    if workers > 1 and settings.counts_requests_alone:
        click.echo(
            f"Warning: each of the {workers} processes counts requests for itself, so that up to "
            f"{workers} times the limits pass. Set QM_LIMITER_URL to a Redis that counts for all.",
            err=True,
        )
    if check:
        create_app(settings)
        say("The service could start.")
        return
    try:
        listeners = open_listeners(settings)
    except (OSError, ValueError, OverflowError) as error:
        raise Failure(
            f"cannot listen on {settings.bind}: {error}",
            next_step="set QM_BIND, or --bind, to HOST:PORT of this machine with a free port",
        ) from error
    if not serve_until_stopped(settings, listeners, processes=workers):
        raise Failure("a process of the service ended by itself; the log has the reason")


def _request_token(name: str) -> TokenRequest:
    try:
        return TokenRequest(name=name, scope=Scope.ADMIN)
    except ValidationError as error:
        fault = error.errors()[0]
        raise Failure(
            f"the token's name: {fault['msg']}", Exit.USAGE, next_step="give another with --name"
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
            _, text = create_token(session, actor, request)
            return text
    finally:
        database.engine.dispose()

# SPDX-License-Identifier: Apache-2.0
"""`qm init`, `qm migrate`, `qm serve`: they run beside the database, not over HTTP."""

import contextlib
from collections.abc import Iterator
from typing import Any

import click
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped] # ships no types
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from inventory_service.app import create_app
from inventory_service.cli.failures import Exit, Failure
from inventory_service.cli.invocation import json_option, wants_json
from inventory_service.cli.output import print_json, say
from inventory_service.cli.profiles import Connection, profile_path, save_profile
from inventory_service.domain.actors import Actor, Door, Scope
from inventory_service.domain.errors import Conflict, Refusal
from inventory_service.domain.tokens import TokenRequest
from inventory_service.settings import ClientSettings, Settings
from inventory_service.storage.database import Database
from inventory_service.storage.migrations import is_current, upgrade
from inventory_service.usecases.tokens import count_tokens, create_token

# A request that runs when the service is told to stop may finish within this time.
GRACEFUL_TIMEOUT_S = 30


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
    settings = _settings()
    with _explained():
        upgrade(settings.database_url)
        text = _make_token(settings, name, is_forced=force_new_token)
    if wants_json():
        print_json({"name": name, "scope": Scope.ADMIN.value, "token": text})
    else:
        click.echo(f"Admin token {name}, shown this once:", err=True)
        click.echo(text)
    if profile:
        path = profile_path(ClientSettings())
        save_profile(path, profile, Connection(f"http://{settings.bind}", text))
        click.echo(f"Profile {profile} is written to {path}.", err=True)


@click.command()
@json_option
def migrate() -> None:
    """Bring the database (QM_DATABASE_URL) to the schema of this version."""
    settings = _settings()
    with _explained():
        upgrade(settings.database_url)
    if wants_json():
        print_json({"is_current": True})
    say("The database has the schema of this version.")


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
def serve(bind: str | None, workers: int, threads: int | None) -> None:
    """Serve the API until SIGTERM or Ctrl-C; the database must be there (`qm init`)."""
    said = {"bind": bind, "threads": threads}
    settings = _settings().model_copy(update={k: v for k, v in said.items() if v is not None})
    with _explained():
        database = Database(settings.database_url)
        is_ready = is_current(database.engine)
        database.engine.dispose()
    if not is_ready:
        raise Failure(
            "the database has not the schema of this version",
            next_step="run `qm init` for a new database, `qm migrate` for one that is in use",
        )
    if workers > 1 and settings.counts_requests_alone:
        click.echo(
            f"Warning: each of the {workers} processes counts requests for itself, so that up to "
            f"{workers} times the limits pass. Set QM_LIMITER_URL to a Redis that counts for all.",
            err=True,
        )
    _Server(settings, workers).run()


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    """gunicorn in this process, without its own command line and configuration file."""

    def __init__(self, settings: Settings, workers: int) -> None:
        self._settings = settings
        self._workers = workers
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        options = {
            "bind": self._settings.bind,
            "workers": self._workers,
            "threads": self._settings.threads,
            "worker_class": "gthread",
            "graceful_timeout": GRACEFUL_TIMEOUT_S,
            "loglevel": self._settings.log_level,
            "proc_name": "qm-serve",
            # Its control socket lies in the home folder and would be shared by two services.
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:  # noqa: ANN401 (gunicorn's signature)
        """Return the application; each worker opens its own database."""
        return create_app(self._settings)


def _make_token(settings: Settings, name: str, *, is_forced: bool) -> str:
    """Return the text of a new admin token; checked and made in one transaction."""
    actor = Actor("qm init", Door.CLI, Scope.ADMIN)
    database = Database(settings.database_url)
    try:
        with database.writing() as session:
            if count_tokens(session) and not is_forced:
                raise Conflict("The database is in use: there are tokens already.")
            request = TokenRequest(name=name, scope=Scope.ADMIN)
            _, text = create_token(session, actor, request)
            return text
    finally:
        database.engine.dispose()


def _settings() -> Settings:
    """Return the settings of the service.

    :raises Failure: a QM_… variable holds what it cannot mean.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            f"QM_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise Failure(
            "a setting cannot be used: " + "; ".join(faults),
            Exit.USAGE,
            next_step="correct the variable; docs/settings.md explains each",
        ) from None


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn what the database and the use cases refuse into failures of the command."""
    try:
        yield
    except Conflict as conflict:
        raise Failure(
            conflict.detail,
            Exit.CONFLICT,
            next_step="use the token you have; `qm init --force-new-token --name NAME` makes more",
        ) from conflict
    except ValidationError as error:
        fault = error.errors()[0]
        raise Failure(
            f"the token's name: {fault['msg']}", Exit.USAGE, next_step="give another with --name"
        ) from None
    except (Refusal, SQLAlchemyError, OSError, ImportError) as error:
        # SQLAlchemy's text may repeat statements and parameters; its first line tells the reason.
        reason = str(error).splitlines()[0]
        raise Failure(
            f"the database cannot be used: {reason}",
            next_step="check QM_DATABASE_URL; is the server or folder there, the driver installed?",
        ) from error

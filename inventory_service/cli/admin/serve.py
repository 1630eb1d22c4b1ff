# SPDX-License-Identifier: Apache-2.0
"""`qm serve`: run the service; it runs beside the database, not over HTTP."""

import click

from inventory_service.app import create_app
from inventory_service.cli.admin.embedded_worker import running_worker
from inventory_service.cli.admin.settings import map_errors, read_settings
from inventory_service.cli.admin.worker import check_worker
from inventory_service.cli.client.errors import Failure
from inventory_service.cli.terminal.output import print_message
from inventory_service.core.database.schema import read_schema
from inventory_service.database import open_database
from inventory_service.server.serving import serve as serve_until_stopped
from inventory_service.server.sockets import open_listeners


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Where to listen; wins over QM_BIND.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Number of processes; /metrics counts for one of them.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    help="Requests at once in each process; wins over QM_THREADS.",
)
@click.option(
    "--with-worker", is_flag=True, help="Start a worker for runs as well, and end it likewise."
)
@click.option("--check", is_flag=True, help="Check whether it could start, and exit.")
def serve(
    bind: str | None, workers: int, threads: int | None, *, with_worker: bool, check: bool
) -> None:
    """Serve the API until SIGTERM or Ctrl-C; the database must be there (`qm init`).

    Where systemd hands over a socket, it serves that one, and a restart loses no request.
    """
    settings = read_settings(bind=bind, threads=threads)
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
    if with_worker:
        check_worker(settings)
    if check:
        create_app(settings)
        print_message("The service could start.")
        return
    try:
        listeners = open_listeners(settings)
    except (OSError, ValueError) as error:
        raise Failure(
            f"cannot listen on {settings.bind}: {error}",
            next_step="set QM_BIND, or --bind, to HOST:PORT of this machine with a free port",
        ) from error
    with running_worker(settings.service_url, is_wanted=with_worker):
        is_good = serve_until_stopped(settings, listeners, processes=workers)
    if not is_good:
        raise Failure("a process of the service ended by itself; the log has the reason")

# SPDX-License-Identifier: Apache-2.0
"""`qm worker`: take runs and give each a supervisor; it works beside the database."""

import click

from inventory_service.cli.admin.settings import map_errors, read_settings
from inventory_service.cli.client.errors import Failure
from inventory_service.core.database.schema import read_schema
from inventory_service.database import open_database
from inventory_service.logs import set_up_logs
from inventory_service.runs.runner.playbooks import list_playbooks
from inventory_service.settings import Settings


@click.command()
@click.option(
    "--slots", type=click.IntRange(1, 200), help="Runs at once; wins over QM_WORKER_SLOTS."
)
@click.option("--parent", type=int, hidden=True, help="The process with which it ends.")
@click.option("--run-url", hidden=True, help="Wins over QM_RUN_URL.")
@click.option("--check", is_flag=True, help="Check whether it could work, and exit.")
def worker(slots: int | None, parent: int | None, run_url: str | None, *, check: bool) -> None:
    """Take runs until SIGTERM or Ctrl-C; those that it has begun go on without it."""
    settings = read_settings(worker_slots=slots, run_url=run_url)
    check_worker(settings)
    if check:
        click.echo("The worker could work.")
        return
    # Only here, since the library behind it takes long to import.
    from inventory_service.worker.process import Worker  # noqa: PLC0415

    set_up_logs(settings.log_level)
    Worker(settings, parent=parent).run()


def check_worker(settings: Settings) -> None:
    """Raise Failure if a worker could not run anything with these settings.

    :raises Failure: the database can't be used, there is no playbook, or no ansible-runner.
    """
    with map_errors():
        database = open_database(settings)
        schema = read_schema(database.engine)
        database.engine.dispose()
    if not schema.is_current:
        raise Failure(schema.explain())
    if not list_playbooks(settings.playbooks_dir):
        raise Failure(
            f"there is no playbook in QM_PLAYBOOKS_DIR ({settings.playbooks_dir or 'not set'})",
            next_step="set it to a folder with playbooks/ or collections/, like a checkout",
        )
    try:
        settings.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"QM_RUN_DIR cannot be used: {error}") from error
    try:
        import ansible_runner  # noqa: F401, PLC0415 - only whether it is there
    except ImportError as error:
        raise Failure(
            "ansible-runner is not installed",
            next_step="install it with `pip install 'quartermaster[ansible]'`",
        ) from error

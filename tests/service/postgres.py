# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL of our own: started on a socket in a temporary folder, without durability."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.hosts.engine import EngineMissing, install_packages

TEMPLATE = "template_fleet"


@dataclass(frozen=True)
class Postgres:
    """A running server; ``folder`` holds its socket."""

    folder: Path

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{_owner()}@/{database}?host={self.folder}"

    def create(self, database: str, *, template: str = "template0") -> str:
        """Return the URL of a new database, a copy of the template."""
        self.run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, with whoever is still connected."""
        self.run(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        )

    def run(self, statement: sql.Composed) -> None:
        """Run one statement beside the databases of the tests."""
        with psycopg.connect(
            host=str(self.folder), user=_owner(), dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running() -> Iterator[Postgres]:
    """Start a server, and remove it with its data at the end.

    Its folder is not one of pytest's: those are closed to others, and the server is not root.
    """
    with tempfile.TemporaryDirectory(prefix="qm-postgres-") as name:
        folder = Path(name)
        as_owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(folder, _owner())
            group = pwd.getpwnam(_owner()).pw_gid
            as_owner = {"user": _owner(), "group": group, "extra_groups": []}
        with _started(folder, as_owner):
            yield Postgres(folder)


@contextlib.contextmanager
def _started(folder: Path, as_owner: dict[str, Any]) -> Iterator[None]:
    programs = find_programs()
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", _owner(), "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, cwd=folder, **as_owner,
    )  # fmt: skip
    settings = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses="]
    settings.append(f"unix_socket_directories={folder}")
    options = [word for setting in settings for word in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, *options],
            stdout=log, stderr=log, cwd=folder, **as_owner,
        )  # fmt: skip
    try:
        # -w waits until the server answers, or the time is over.
        for _ in range(600):
            ready = subprocess.run(
                [programs / "pg_isready", "-q", "-h", folder, "-t", "1"], check=False
            )
            if ready.returncode == 0:
                break
            assert process.poll() is None, (folder / "log").read_text("utf-8")
        yield
    finally:
        # SIGINT is the fast stop: it does not wait for clients.
        process.send_signal(signal.SIGINT)
        process.wait(30)


def find_programs() -> Path:
    """Return the folder of the server's programs, of the newest version that is installed.

    :raises EngineMissing: there is none, and it can't be installed here.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        if os.geteuid() != 0:
            raise EngineMissing("PostgreSQL is not installed: apt-get install postgresql")
        # Our clusters lie in folders of the tests; the package must make and start none.
        conf = Path("/etc/postgresql-common/createcluster.conf")
        if not conf.exists():
            conf.parent.mkdir(exist_ok=True)
            conf.write_text("create_main_cluster = false\n", "utf-8")
        install_packages("postgresql")
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent


def _owner() -> str:
    """Return who runs the server: it refuses to run as root."""
    return "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL of our own: started on a socket in a temporary folder, without durability."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.hosts.engine import EngineMissing, install_packages

TEMPLATE = "template_fleet"
INITDB = ("-A", "trust", "-E", "UTF8", "--no-sync")
SETTINGS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=")


class Postgres:
    """A server; ``folder`` holds its socket, its data and its log."""

    def __init__(self, folder: Path, settings: Sequence[str]) -> None:
        self.folder = folder
        self._settings = (*SETTINGS, *settings, f"unix_socket_directories={folder}")
        self._process: subprocess.Popen[bytes] | None = None
        # It refuses to run as root.
        self._as_owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(folder, _owner())
            group = pwd.getpwnam(_owner()).pw_gid
            self._as_owner = {"user": _owner(), "group": group, "extra_groups": []}
        subprocess.run(
            [find_programs() / "initdb", "-D", folder / "data", *INITDB, "-U", _owner()],
            check=True, capture_output=True, cwd=folder, **self._as_owner,
        )  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [word for setting in self._settings for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [find_programs() / "postgres", "-D", self.folder / "data", *options],
                stdout=log, stderr=log, cwd=self.folder, **self._as_owner,
            )  # fmt: skip
        # -t 1 waits until the server answers, or a second is over.
        ask = [find_programs() / "pg_isready", "-q", "-h", self.folder, "-t", "1"]
        for _ in range(600):
            if subprocess.run(ask, check=False).returncode == 0:
                return
            assert self._process.poll() is None, (self.folder / "log").read_text("utf-8")

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server; SIGINT is the fast stop, which does not wait for clients."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(30)

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the server and to each process that serves one connection."""
        assert self._process is not None
        self._process.send_signal(number)
        subprocess.run(["pkill", f"-{number.value}", "-P", str(self._process.pid)], check=False)

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

    def run(self, statement: sql.Composable) -> None:
        """Run one statement beside the databases of the tests."""
        with self.connect("postgres") as connection:
            connection.execute(statement)

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """Return a connection of somebody else's to a database, without transactions."""
        return psycopg.connect(
            host=str(self.folder), user=_owner(), dbname=database, autocommit=True
        )


@contextlib.contextmanager
def running(*settings: str) -> Iterator[Postgres]:
    """Start a server with more settings, and remove it with its data at the end.

    Its folder is not one of pytest's: those are closed to others, and the server is not root.
    """
    with tempfile.TemporaryDirectory(prefix="qm-postgres-") as name:
        server = Postgres(Path(name), settings)
        server.start()
        try:
            yield server
        finally:
            server.end()


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

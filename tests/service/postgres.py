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
END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
#: All columns and indexes with their types, constraints, and settings of this database alone.
SHAPE = """
SELECT (SELECT md5(string_agg(concat_ws(' ', relname, relkind, attname, atttypid, attnotnull), ','
        ORDER BY relname, attnum)) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0),
       (SELECT md5(string_agg(pg_get_constraintdef(oid), ',' ORDER BY conname, oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
       (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal),
       (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
       (SELECT count(*) FROM pg_db_role_setting)
"""
RESTART = """
SELECT setval(format('%I', sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE schemaname = 'public'
"""
INITDB = ("-A", "trust", "-E", "UTF8", "--no-sync")
SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "listen_addresses=",
)


class Postgres:
    """A server; ``folder`` holds its socket, its data and its log."""

    def __init__(self, folder: Path, settings: Sequence[str]) -> None:
        self.folder = folder
        self._settings = (*SETTINGS, *settings, f"unix_socket_directories={folder}")
        self._process: subprocess.Popen[bytes] | None = None
        #: Databases that a test has used, and that are as the template is again.
        self.emptied: list[str] = []
        self._shape: Any = None
        self._refill: sql.Composable = sql.SQL("")
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

    def empty(self, database: str) -> bool:
        """Make a database what its template is, and return whether it is that now.

        That takes a quarter of the time of a new copy. Columns, constraints and settings are
        compared: a database in which a test has changed these is no copy any more.
        """
        try:
            connection = self.connect(database)
        except psycopg.OperationalError:
            # A test has removed it.
            return False
        with connection:
            connection.execute(END_OTHERS)
            is_same = connection.execute(SHAPE).fetchone() == self._shape
            if is_same:
                with connection.transaction():
                    connection.execute(self._refill)
        return is_same

    def learn(self, template: str) -> None:
        """Remember the shape and the rows of the template, for `empty`."""
        with self.connect(template) as connection:
            self._shape = connection.execute(SHAPE).fetchone()
            tables = [sql.Identifier(name) for (name,) in connection.execute(TABLES)]
            statements = [sql.SQL("SET LOCAL session_replication_role = replica")]
            for table in tables:
                statements.append(sql.SQL("DELETE FROM {}").format(table))
                for row in connection.execute(sql.SQL("SELECT {0}::text FROM {0}").format(table)):
                    insert = "INSERT INTO {0} SELECT ({1}::{0}).*"
                    statements.append(sql.SQL(insert).format(table, sql.Literal(row[0])))
            statements.append(sql.SQL(RESTART))
        self._refill = sql.SQL(";").join(statements)

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

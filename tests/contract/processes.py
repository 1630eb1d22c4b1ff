# SPDX-License-Identifier: Apache-2.0
"""The real service as a process of its own, on a free port of the loopback."""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.ports import find_free_port

START_S = 120
STOP_S = 40
QM = Path(sys.executable).parent / "qm"


@dataclass(frozen=True)
class Service:
    """A running service, and the token of its administrator."""

    url: str
    token: str

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to reach it."""
        return {"QM_URL": self.url, "QM_TOKEN": self.token}

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Any:
        """Return the decoded answer of a request that has to succeed."""
        status, answer = self.ask(method, path, body, token=token)
        assert status < HTTPStatus.BAD_REQUEST, f"{method} {path}: {status} {answer}"
        return answer

    def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any]:
        """Return status and decoded answer of a request."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"Bearer {token or self.token}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@contextlib.contextmanager
def running_service(folder: Path, *options: str, **settings: str) -> Iterator[Service]:
    """Start the service on an empty database in `folder`, stop it at the end.

    It writes its log to `serve.log` there.
    """
    port = find_free_port()
    database = folder / "fleet.sqlite"
    token = make_database(database)
    environment = clean_environment(
        QM_DATABASE_URL=f"sqlite:///{database}",
        QM_CONFIG=str(folder / "config.ini"),
        QM_BIND=f"127.0.0.1:{port}",
        **settings,
    )
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen([QM, "serve", *options], env=environment, stdout=log, stderr=log)
    try:
        _await_ready(f"http://127.0.0.1:{port}/health/ready", process, folder / "serve.log")
        yield Service(f"http://127.0.0.1:{port}", token)
    finally:
        process.terminate()
        process.wait(STOP_S)


def make_database(path: Path) -> str:
    """Write an empty fleet's SQLite database, and return the token of its administrator.

    `qm init` makes one; the others are copies, with the same token, as the migrations take longer
    than many a test.
    """
    content, token = _init_database()
    path.write_bytes(content)
    path.chmod(0o600)
    return token


@functools.cache
def _init_database() -> tuple[bytes, str]:
    """Return what `qm init` makes: the whole database, and the token."""
    with tempfile.TemporaryDirectory(prefix="qm-init-") as folder:
        path = Path(folder) / "fleet.sqlite"
        made = subprocess.run(
            [QM, "init", "--json"],
            env=clean_environment(QM_DATABASE_URL=f"sqlite:///{path}"),
            capture_output=True,
            text=True,
            check=True,
        )
        # Beside it is the key that seals secrets, which these tests have none of.
        found = {one.name for one in Path(folder).iterdir()}
        assert found == {path.name, "secret.key"}, "a part of it is elsewhere"
        return path.read_bytes(), json.loads(made.stdout)["token"]


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without settings that would change a result."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("QM_", "ANSIBLE_")) and not name.lower().endswith("_proxy")
    }
    return {**kept, **more}


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    pause = threading.Event()
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - our own loopback
            return
        pause.wait(0.05)
    raise AssertionError(f"the service did not start:\n{log.read_text()}")

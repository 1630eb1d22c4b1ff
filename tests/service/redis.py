# SPDX-License-Identifier: Apache-2.0
"""A real Redis of our own, on a socket in a temporary folder."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.hosts.engine import EngineMissing, install_packages

START_S = 30


@dataclass
class Redis:
    """A server that can be stopped, frozen and started again; ``folder`` holds its socket."""

    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """What the service is told of it."""
        return f"redis+unix://{self._socket}"

    @property
    def _socket(self) -> Path:
        return self.folder / "redis.sock"

    def start(self) -> None:
        """Start it, empty."""
        options = ["--port", "0", "--unixsocket", self._socket, "--save", "", "--dir", self.folder]
        with (self.folder / "log").open("ab") as log:
            # The one program of the package is the server where it is called so.
            self._process = subprocess.Popen(
                ["redis-server", *options], executable=find_program(), stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_S
        with contextlib.closing(redis.Redis(unix_socket_path=str(self._socket))) as client:
            while True:
                with contextlib.suppress(redis.ConnectionError):
                    client.ping()
                    return
                assert self._process.poll() is None, (self.folder / "log").read_text("utf-8")
                assert time.monotonic() < deadline, "Redis did not start"

    def freeze(self) -> None:
        """Let it accept connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@contextlib.contextmanager
def running() -> Iterator[Redis]:
    """Start a server, and remove it at the end; the path of a socket must be short."""
    with tempfile.TemporaryDirectory(prefix="qm-redis-") as name:
        server = Redis(Path(name))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def find_program() -> str:
    """Return the server's program; the package redis-tools has it too, and starts no service.

    :raises EngineMissing: there is none, and it can't be installed here.
    """
    with (Path(tempfile.gettempdir()) / f"qm-redis-tools-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if found is None:
            if os.geteuid() != 0:
                raise EngineMissing("Redis is not installed: apt-get install redis-tools")
            install_packages("redis-tools")
            found = shutil.which("redis-check-rdb")
    assert found is not None
    return found

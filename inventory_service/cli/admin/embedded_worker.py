# SPDX-License-Identifier: Apache-2.0
"""The worker of `qm serve --with-worker`: a process beside it, begun again if it ends by itself."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import structlog

#: The pause before it is begun again, which doubles up to the second one.
_FIRST_PAUSE_S, _LAST_PAUSE_S = 1.0, 30.0
_STOP_TIMEOUT_S = 10

_log = structlog.get_logger(__name__)


class EmbeddedWorker:
    """A process `qm worker` that ends with this one, however this one ends."""

    def __init__(self, url: str) -> None:
        """Take the address by which playbooks reach the service."""
        self._url = url
        self._is_stopping = threading.Event()
        self._process = _start(url)
        self._thread = threading.Thread(target=self._watch, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the worker; the supervisors of its runs go on."""
        self._is_stopping.set()
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join(_STOP_TIMEOUT_S)

    def _watch(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            code = self._process.wait()
            if self._is_stopping.wait(pause):
                return
            _log.error("worker ended", code=code)
            pause = min(2 * pause, _LAST_PAUSE_S)
            self._process = _start(self._url)


@contextlib.contextmanager
def running_worker(url: str, *, is_wanted: bool) -> Iterator[None]:
    """Run a worker meanwhile, if one is wanted; by the URL its playbooks reach the service."""
    worker = EmbeddedWorker(url) if is_wanted else None
    try:
        yield
    finally:
        if worker is not None:
            worker.stop()


def _start(url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "inventory_service.cli", "worker", "--run-url", url]
    return subprocess.Popen([*command, "--parent", str(os.getpid())])  # noqa: S603 - our own module

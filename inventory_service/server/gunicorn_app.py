# SPDX-License-Identifier: Apache-2.0
"""The process that serves: gunicorn, with a reload that takes up new code as well.

gunicorn's own reload forks new workers from the old master, which holds the old code, and ends the
service where the new settings are wrong. So on SIGHUP the master asks a fresh interpreter whether
the program that is installed by now could start, and only then becomes that program: same process
id, same open socket. The workers from before go on until the new ones serve.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from gunicorn import systemd  # type: ignore[import-untyped] # ships no types
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped] # as above
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped] # as above
from gunicorn.glogging import Logger  # type: ignore[import-untyped] # as above

from inventory_service.app import create_app
from inventory_service.logs import describe_library_logs
from inventory_service.server.gthread_worker import Worker
from inventory_service.settings import Settings

# A request that runs when the service is told to stop may finish within this time.
GRACEFUL_TIMEOUT_S = 30
_CHECK_TIMEOUT_S = 60
_BOOT_TIMEOUT_S = 30
_POLL_S = 0.05
#: Kept waiting while one program becomes the next: by default they would end the process.
_KEPT_WAITING = frozenset({signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})


class Server(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    """gunicorn in this process, without its own command line and configuration file."""

    def __init__(self, settings: Settings, workers: int, *, replaces: Sequence[int] = ()) -> None:
        #: Workers look here for what gunicorn has no setting for.
        self.settings = settings
        self._workers = workers
        self._replaces = replaces
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        options = {
            "bind": self.settings.bind,
            "workers": self._workers,
            "threads": self.settings.threads,
            "worker_class": Worker,
            "logger_class": _Logger,
            "graceful_timeout": GRACEFUL_TIMEOUT_S,
            "loglevel": self.settings.log_level,
            "logconfig_dict": describe_library_logs(self.settings.log_level),
            "proc_name": "qm-serve",
            # Its control socket lies in the home folder and would be shared by two services.
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:  # noqa: ANN401 (gunicorn's signature)
        """Return the application; each worker opens its own database."""
        return create_app(self.settings)

    def run(self) -> None:
        """Serve until a signal ends it."""
        _Master(self, self._replaces).run()


class _Logger(Logger):  # type: ignore[misc] # gunicorn ships no types
    """gunicorn's log, without a line for each request: the application tells of those."""

    def access(self, *_words: object) -> None:
        """Tell nothing; gunicorn would put a line together before it finds that nobody reads it."""


class _Master(Arbiter):  # type: ignore[misc] # gunicorn ships no types
    """gunicorn's master process, which on SIGHUP becomes the program installed by then."""

    def __init__(self, server: Server, replaces: Sequence[int]) -> None:
        self._replaces = list(replaces)
        super().__init__(server)

    def start(self) -> None:
        """Begin to listen; from here on signals are obeyed, also those that were kept waiting."""
        super().start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _KEPT_WAITING)

    def handle_hup(self) -> None:
        """Become the new program, if it could start."""
        fault = _find_fault()
        if fault is None:
            fault = self._become_new()
        self.log.error("Reload refused, the service goes on as it was: %s", fault)
        systemd.sd_notify("STATUS=Reload refused; the log tells why", self.log)

    def manage_workers(self) -> None:
        """Keep as many workers as are wanted; the ones from before a reload leave when it is."""
        if self._replaces:
            self._take_over()
        super().manage_workers()

    def _become_new(self) -> str:
        """Replace this program by the new one; returns only with the reason why it could not."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _KEPT_WAITING)
        handover = {
            "QUARTERMASTER_REPLACES": " ".join(map(str, self.WORKERS)),
            # gunicorn's own way to hand over its sockets (Arbiter.reexec), here without a fork.
            "GUNICORN_PID": str(self.pid),
            "GUNICORN_FD": ",".join(str(listener.fileno()) for listener in self.LISTENERS),
        }
        self.log.info("Reloading: becoming the program that is installed now")
        sys.stdout.flush()
        try:
            os.execve(sys.executable, _get_command(), self.cfg.env_orig | handover)  # noqa: S606 - itself
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _KEPT_WAITING)
            return str(error)

    def _take_over(self) -> None:
        """Start new workers beside those from before, and wait until the new ones serve."""
        self.WORKERS.update({pid: _OldWorker() for pid in self._replaces})
        self._replaces.clear()
        new = [self.WORKERS[self.spawn_worker()] for _ in range(self.num_workers)]
        deadline = time.monotonic() + _BOOT_TIMEOUT_S
        # A worker's file has the time of the wall until its first sign of life, then the
        # monotonic one, which is far behind.
        while any(worker.tmp.last_update() > time.monotonic() for worker in new):
            self.reap_workers()
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_S)


class _OldWorker:
    """A worker from before the reload, as gunicorn looks at workers: the first one to go.

    It shows no sign of life, so that one which does not leave in time is killed.
    """

    age = 0

    def __init__(self) -> None:
        self.aborted = False
        self.tmp = self
        self._since = time.monotonic()

    def last_update(self) -> float:
        """Return when it was seen last."""
        return self._since

    def close(self) -> None:
        """Leave its file alone: it was the old program's."""


def _find_fault() -> str | None:
    """Return why the program that is installed now could not serve, or None."""
    try:
        done = subprocess.run(  # noqa: S603 - itself
            [*_get_command(), "--check"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_CHECK_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.strip()[-2000:]


def _get_command() -> list[str]:
    return [sys.executable, *sys.orig_argv[1:]]

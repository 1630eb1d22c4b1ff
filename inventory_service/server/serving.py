# SPDX-License-Identifier: Apache-2.0
"""Serve in one process, or in several that share the sockets."""

import os
import signal
import socket
from collections.abc import Sequence

import structlog

from inventory_service.server.process import IGNORED_SIGNALS, STOP_SIGNALS, Process
from inventory_service.server.sockets import notify_ready
from inventory_service.settings import Settings

_log = structlog.get_logger(__name__)


def serve(settings: Settings, listeners: Sequence[socket.socket], *, processes: int = 1) -> bool:
    """Serve until a signal ends it; return False where a process ended by itself."""
    for number in IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # They stay pending until a process handles them.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    if processes > 1:
        return _serve_together(settings, listeners, processes)
    process = Process(settings, listeners)
    notify_ready()
    process.run()
    return True


def _serve_together(settings: Settings, listeners: Sequence[socket.socket], count: int) -> bool:
    """Run several processes; when one ends, all do, so that whoever started them restarts them."""
    # Unblocked, the end of a process would be ignored before anybody waits for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    pids = [_begin(settings, listeners) for _ in range(count)]
    for listener in listeners:
        listener.close()
    notify_ready()
    ended = signal.sigwaitinfo({*STOP_SIGNALS, signal.SIGCHLD})
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    return ended.si_signo != signal.SIGCHLD and not any(codes)


def _begin(settings: Settings, listeners: Sequence[socket.socket]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            Process(settings, listeners, parent=parent).run()
            code = 0
        except Exception as error:  # noqa: BLE001 - the edge of the process
            _log.error("process failed", exc_info=error)
        finally:
            os._exit(code)
    return pid

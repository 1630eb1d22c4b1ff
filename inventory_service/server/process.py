# SPDX-License-Identifier: Apache-2.0
"""One serving process: it runs waitress's loop itself, so that a stop loses no request."""

import gc
import logging.config
import os
import signal
import socket
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any

import structlog
from waitress import create_server, wasyncore  # type: ignore[import-untyped] # ships no types

from inventory_service.app import create_app
from inventory_service.http.dependencies import EXTENSION
from inventory_service.logs import describe_library_logs
from inventory_service.runs.watching import RunWatcher
from inventory_service.server.bounds import enforce
from inventory_service.server.connections import Connection
from inventory_service.server.descriptors import reserve
from inventory_service.server.dispatcher import Dispatcher
from inventory_service.server.sockets import describe
from inventory_service.settings import Settings

#: Requests that run when the process is asked to stop may finish within this time.
DRAIN_TIMEOUT_S = 30
#: How often the bounds are enforced.
_TURN_S = 0.25
#: waitress's own limit of idle time; ours are shorter, and differ by what a connection waits for.
_NEVER_S = 1 << 30
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
#: With these, programs for logs and other servers' commands ask for what this one does not do;
#: by default they would end it in the midst of its requests, or halt it.
IGNORED_SIGNALS = frozenset({signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU})

_log = structlog.get_logger(__name__)


class Process:
    """Serves the application on listening sockets until a signal ends it."""

    def __init__(
        self,
        settings: Settings,
        listeners: Sequence[socket.socket],
        *,
        parent: int | None = None,
    ) -> None:
        #: The process that started this one, and without which it stops.
        self._parent = parent
        logging.config.dictConfig(describe_library_logs())
        self._is_stopping = False
        self._next_look = 0.0
        #: All that waitress's loop polls, by file descriptor.
        self._map: dict[int, Any] = {}
        app = create_app(settings)
        self._watcher: RunWatcher = app.extensions[EXTENSION].get(RunWatcher)
        # After the application, which configures the log.
        settings = settings.model_copy(update={"max_connections": reserve(settings)})
        self._settings = settings
        self._servers = [
            create_server(app, map=self._map, **_get_options(settings, listener, len(listeners)))
            for listener in listeners
        ]
        # A change that waits for another one keeps its connection to the database meanwhile.
        at_once = min(settings.threads, settings.most_connections)
        dispatcher = Dispatcher(self._servers[0].task_dispatcher, at_once)
        for server in self._servers:
            server.channel_class = Connection
            server.task_dispatcher = dispatcher
        # The application lives as long as the process: the collector need not scan it again.
        gc.collect()
        gc.freeze()

    def run(self) -> None:
        """Serve; after a stop signal accept no connection, and finish the requests that run."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        _log.info("serving", addresses=[describe(server.socket) for server in self._servers])
        while not self._is_stopping and self._parent in {None, os.getppid()}:
            self._turn()
        # Whoever waits for events of a run is answered at once.
        self._watcher.close()
        for server in self._servers:
            server.accepting = False
            server.del_channel()
            server.socket.close()
        deadline = time.monotonic() + DRAIN_TIMEOUT_S
        while self._connections and time.monotonic() < deadline:
            self._turn()
        _log.info("stopped", unfinished=len(self._connections))

    @property
    def _connections(self) -> list[Connection]:
        return [one for server in self._servers for one in server.active_channels.values()]

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._is_stopping = True
        # Else the loop would wait for its next event.
        self._servers[0].pull_trigger()

    def _turn(self) -> None:
        wasyncore.loop(timeout=_TURN_S, use_poll=True, map=self._map, count=1)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _TURN_S
            enforce(self._connections, self._settings, now, is_stopping=self._is_stopping)


def _get_options(settings: Settings, listener: socket.socket, listeners: int) -> dict[str, Any]:
    return {
        "sockets": [listener],
        "threads": settings.threads,
        # waitress counts what its loop polls: beside connections, a listener and a pipe each.
        "connection_limit": settings.max_connections + 2 * listeners,
        "max_request_header_size": settings.max_header_bytes,
        # From this size on; the application refuses what is larger than QM_MAX_BODY_BYTES.
        "max_request_body_size": settings.max_body_bytes + 1,
        # A thread never waits for a client that does not read: the bounds end it.
        "outbuf_high_watermark": settings.max_held_bytes,
        "channel_timeout": _NEVER_S,
        # Werkzeug's ProxyFix reads what proxies add, and only as QM_TRUSTED_PROXIES allows.
        "clear_untrusted_proxy_headers": False,
        "log_socket_errors": False,
        "ident": "quartermaster",
    }

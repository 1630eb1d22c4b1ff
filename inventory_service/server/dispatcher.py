# SPDX-License-Identifier: Apache-2.0
"""Which request gets a thread: changes never hold all of them, a probe needs none of them."""

import threading
from collections import deque
from typing import Any

from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped] # ships no types

#: Answered by a thread of its own: a service that only waits must not be started again.
_PROBE = "/health/live"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Dispatcher:
    """Gives requests to threads.

    A change may wait for another writer, for as long as QM_LOCK_TIMEOUT_S. So that reading goes on
    meanwhile, no more than three quarters of the threads have changes; more of them wait here.
    """

    def __init__(self, pool: ThreadedTaskDispatcher, threads: int) -> None:
        self._pool = pool
        self._probes = ThreadedTaskDispatcher()
        self._probes.set_thread_count(1)
        self._lock = threading.Lock()
        self._free = max(1, threads - max(1, threads // 4))
        self._waiting: deque[Any] = deque()

    def add_task(self, connection: Any) -> None:  # noqa: ANN401 - waitress ships no types
        """Have a connection's next request answered."""
        request = connection.requests[0]
        if request.path == _PROBE:
            self._probes.add_task(connection)
        elif request.command in _READING:
            self._pool.add_task(connection)
        else:
            with self._lock:
                self._waiting.append(connection)
            self._begin_changes()

    def end_change(self) -> None:
        """Let the next change have the thread of one that is done."""
        with self._lock:
            self._free += 1
        self._begin_changes()

    def _begin_changes(self) -> None:
        with self._lock:
            while self._free and self._waiting:
                self._free -= 1
                self._pool.add_task(_Change(self, self._waiting.popleft()))


class _Change:
    """A task of waitress that reports its end."""

    def __init__(self, dispatcher: Dispatcher, connection: Any) -> None:  # noqa: ANN401 - as above
        self._dispatcher = dispatcher
        self._connection = connection

    def service(self) -> None:
        """Answer the request."""
        try:
            self._connection.service()
        finally:
            self._dispatcher.end_change()

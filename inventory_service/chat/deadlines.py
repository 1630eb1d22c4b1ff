# SPDX-License-Identifier: Apache-2.0
"""Answers in time: platforms wait for three seconds, and a database may be busy for longer."""

import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

#: Leaves a second for the way to the platform and back.
ANSWER_S = 2.0
Result = TypeVar("Result")


class _Work(Generic[Result]):
    """What is done in a thread of its own, until it is done or given up waiting for."""

    def __init__(self, act: Callable[[], Result], late: Callable[[Result], None]) -> None:
        self._act, self._late = act, late
        self._lock = threading.Lock()
        self._is_done = threading.Event()
        self._is_late = False
        self.results: list[Result] = []

    def run(self) -> None:
        """Do it, and hand the result to whoever waits, or to `late`."""
        result = self._act()
        with self._lock:
            self.results.append(result)
            is_late = self._is_late
        self._is_done.set()
        if is_late:
            self._late(result)

    def wait(self, seconds: float) -> Result | None:
        """Return the result, or None if it comes late."""
        self._is_done.wait(seconds)
        with self._lock:
            self._is_late = not self.results
            return self.results[0] if self.results else None


def do_in_time(
    act: Callable[[], Result], late: Callable[[Result], None], *, seconds: float
) -> Result | None:
    """Return what an act returns if it does so in time; else None, and `late` gets it.

    Neither may raise an error.
    """
    work = _Work(act, late)
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work.run,), name="chat", daemon=True).start()
    return work.wait(seconds)

# SPDX-License-Identifier: Apache-2.0
"""Changes never get all threads, and a probe needs none of them."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from waitress.task import ThreadedTaskDispatcher

from inventory_service.server.dispatcher import Dispatcher


@dataclass
class Pool:
    """Threads that begin nothing by themselves."""

    tasks: list[Any] = field(default_factory=list)

    def add_task(self, task: Any) -> None:
        self.tasks.append(task)


class Connection:
    """A connection with one request that has arrived."""

    def __init__(self, command: str, path: str = "/api/v1/nodes", *, fails: bool = False) -> None:
        self.requests = [SimpleNamespace(command=command, path=path)]
        self.served, self._fails = 0, fails

    def service(self) -> None:
        self.served += 1
        if self._fails:
            raise RuntimeError("as a broken application would")


@pytest.mark.parametrize(("threads", "changes"), [(1, 1), (2, 1), (4, 3), (8, 6)])
def test_some_threads_are_left_for_who_only_reads(threads: int, changes: int) -> None:
    pool = Pool()
    dispatcher = Dispatcher(cast("ThreadedTaskDispatcher", pool), threads)
    for _ in range(2 * threads):
        dispatcher.add_task(Connection("POST"))
    assert len(pool.tasks) == changes
    dispatcher.add_task(Connection("GET"))
    assert len(pool.tasks) == changes + 1


@pytest.mark.parametrize("fails", [False, True])
def test_the_end_of_a_change_lets_the_next_one_begin(*, fails: bool) -> None:
    pool = Pool()
    dispatcher = Dispatcher(cast("ThreadedTaskDispatcher", pool), 2)
    first, second = Connection("PATCH", fails=fails), Connection("POST")
    dispatcher.add_task(first)
    dispatcher.add_task(second)
    (task,) = pool.tasks
    if fails:
        with pytest.raises(RuntimeError):
            task.service()
    else:
        task.service()
    assert first.served == 1
    pool.tasks[1].service()
    assert second.served == 1


def test_a_probe_has_a_thread_of_its_own() -> None:
    pool = Pool()
    Dispatcher(cast("ThreadedTaskDispatcher", pool), 2).add_task(Connection("GET", "/health/live"))
    assert pool.tasks == []

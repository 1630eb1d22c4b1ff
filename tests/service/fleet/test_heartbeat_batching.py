# SPDX-License-Identifier: Apache-2.0
"""Heartbeats that arrive during a transaction share the next one, and each learns its outcome."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import NotFound, Unavailable
from inventory_service.fleet.heartbeat_batching import HeartbeatBatcher

DEADLINE_S = 10


class Session:
    """A session on a fleet of some nodes, which notes the names of each write."""

    def __init__(self, known: set[str], written: list[list[str]]) -> None:
        self._known, self._written = known, written

    def scalars(self, _statement: Any, values: dict[str, Any] | None = None) -> Any:
        class Rows(list[str]):
            def all(self) -> list[str]:
                return self

        if values is None:
            return Rows()
        self._written.append(sorted(values["node_ids"]))
        return Rows(self._known.intersection(values["node_ids"]))


class Fake:
    """A database that begins a transaction only when it may, and fails on demand."""

    def __init__(self, *known: str) -> None:
        self.written: list[list[str]] = []
        self.errors: list[Exception] = []
        #: Each transaction takes one.
        self.turns = threading.Semaphore(100)
        self.begun = 0
        self._known = set(known)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        self.begun += 1
        assert self.turns.acquire(timeout=DEADLINE_S)
        if self.errors:
            raise self.errors.pop(0)
        yield Session(self._known, self.written)


def make(fake: Fake) -> HeartbeatBatcher:
    return HeartbeatBatcher(cast("Database", fake))


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_each_request_learns_of_its_own_nodes_only() -> None:
    fake = Fake("a", "b")
    refused = make(fake).store(["a", "never"])
    assert {name: type(error) for name, error in refused.items()} == {"never": NotFound}
    assert make(fake).store(["b"]) == {}


def test_requests_during_a_transaction_share_the_next_one() -> None:
    fake = Fake("a", "b", "c")
    batcher = make(fake)
    fake.turns = threading.Semaphore(0)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(batcher.store, ["a"])
        wait_until(lambda: fake.begun == 1)
        others = [threads.submit(batcher.store, [name, "a"]) for name in ("b", "c", "never")]
        wait_until(lambda: len(batcher._waiting) == 3)
        fake.turns.release(2)
        assert first.result(DEADLINE_S) == {}
        outcomes = [set(other.result(DEADLINE_S)) for other in others]
    assert outcomes == [set(), set(), {"never"}]
    assert fake.written == [["a"], ["a", "b", "c", "never"]]


def test_no_two_transactions_run_at_once() -> None:
    fake = Fake("a")
    batcher = make(fake)
    fake.turns = threading.Semaphore(0)
    with ThreadPoolExecutor(3) as threads:
        requests = [threads.submit(batcher.store, ["a"])]
        for begun in (1, 2):
            wait_until(lambda begun=begun: fake.begun == begun)
            requests.append(threads.submit(batcher.store, ["a"]))
            wait_until(lambda: len(batcher._waiting) == 1)
            assert fake.begun == begun
            fake.turns.release()
        fake.turns.release()
        assert [request.result(DEADLINE_S) for request in requests] == [{}] * 3
    assert fake.begun == 3


def test_an_outage_is_reported_to_each_request_and_the_next_one_is_stored() -> None:
    fake = Fake("a")
    batcher = make(fake)
    fake.errors = [Unavailable("The database does not answer.")]
    with pytest.raises(Unavailable, match=r"The database does not answer\."):
        batcher.store(["a"])
    assert batcher.store(["a"]) == {}
    assert fake.written == [["a"]]


def test_a_fault_is_no_outage() -> None:
    fake = Fake("a")
    batcher = make(fake)
    fake.errors = [ValueError("a bug")]
    with pytest.raises(RuntimeError) as failure:
        batcher.store(["a"])
    assert isinstance(failure.value.__cause__, ValueError)
    assert batcher.store(["a"]) == {}


def test_requests_that_share_a_failed_transaction_all_fail() -> None:
    fake = Fake("a", "b")
    batcher = make(fake)
    fake.turns = threading.Semaphore(0)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(batcher.store, ["a"])
        wait_until(lambda: fake.begun == 1)
        others = [threads.submit(batcher.store, [name]) for name in ("a", "b")]
        wait_until(lambda: len(batcher._waiting) == 2)
        fake.errors = [Unavailable("first"), Unavailable("second")]
        fake.turns.release(2)
        for request, reason in ((first, "first"), *((other, "second") for other in others)):
            with pytest.raises(Unavailable, match=reason):
                request.result(DEADLINE_S)

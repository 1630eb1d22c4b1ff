# SPDX-License-Identifier: Apache-2.0
"""Group commit for heartbeats: those that come in during a transaction share the next one.

With a transaction for each, requests would wait for the disk one after the other. A request is
answered only after its heartbeats are on the disk.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import ServiceError, Unavailable
from inventory_service.fleet.usecases.heartbeats import store_heartbeats


def _hold_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass
class _Batch:
    """The heartbeats of one request, and their outcome."""

    node_ids: Collection[str]
    #: Released when the batch is written, or must write itself. An event costs ten times more.
    ready: threading.Lock = field(default_factory=_hold_lock)
    is_written: bool = False
    refused: dict[str, ServiceError] = field(default_factory=dict)
    error: Exception | None = None


class HeartbeatBatcher:
    """Writes all batches that wait in one transaction, by the thread of one of them.

    Each batch holds a thread of the service, so the threads bound how many can wait.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Batch] = []
        self._is_writing = False
        self._lock = threading.Lock()

    def store(self, node_ids: Collection[str]) -> Mapping[str, ServiceError]:
        """Store heartbeats; return why some were refused, by node.

        :raises Unavailable: the database does not answer; no heartbeat of this call was stored.
        """
        batch = _Batch(node_ids)
        with self._lock:
            self._waiting.append(batch)
            is_first, self._is_writing = not self._is_writing, True
        if not is_first:
            batch.ready.acquire()
        if not batch.is_written:
            self._write_waiting()
        if isinstance(batch.error, Unavailable):
            raise Unavailable(batch.error.detail) from batch.error
        if batch.error is not None:
            raise RuntimeError("the heartbeats could not be written") from batch.error
        return batch.refused

    def _write_waiting(self) -> None:
        """Write all batches that wait, then wake their threads and one to write the next batches.

        Each batch has a lock of its own: in a queue for one lock, threads whose batch is written
        would wait behind the next writer.
        """
        with self._lock:
            batches, self._waiting = self._waiting, []
        self._flush(batches)
        with self._lock:
            self._is_writing = bool(self._waiting)
            woken = [*batches, *self._waiting[:1]]
        for batch in woken:
            batch.ready.release()

    def _flush(self, batches: Collection[_Batch]) -> None:
        """Write the batches in one transaction, and set the outcome of each."""
        node_ids = {node_id for batch in batches for node_id in batch.node_ids}
        try:
            with self._database.writing() as session:
                refused = store_heartbeats(session, node_ids)
        except Exception as error:  # noqa: BLE001 - the thread of each batch raises it
            for batch in batches:
                batch.is_written, batch.error = True, error
            return
        for batch in batches:
            batch.is_written = True
            batch.refused = {key: refused[key] for key in batch.node_ids if key in refused}

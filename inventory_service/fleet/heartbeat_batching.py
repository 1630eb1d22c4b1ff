# SPDX-License-Identifier: Apache-2.0
"""Heartbeats that come in at once are written in one transaction.

A transaction of its own for each would wait for the disk each time, one after the other. Nobody is
answered before what he brought is on the disk.
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
    """What one request brings, and what became of it."""

    node_ids: Collection[str]
    #: Free when it was written, or when it is its turn to write; an event costs ten times more.
    call: threading.Lock = field(default_factory=_hold_lock)
    is_done: bool = False
    refused: dict[str, ServiceError] = field(default_factory=dict)
    error: Exception | None = None


class HeartbeatBatcher:
    """Who comes while others are written waits, and is written with all who wait by then.

    There can't be more of them than the service has threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Batch] = []
        self._is_writing = False
        self._lock = threading.Lock()

    def note(self, node_ids: Collection[str]) -> Mapping[str, ServiceError]:
        """Note heartbeats; return why some were refused, by node.

        :raises Unavailable: the database does not answer; nothing of this bundle was noted.
        """
        bundle = _Batch(node_ids)
        with self._lock:
            self._waiting.append(bundle)
            is_first, self._is_writing = not self._is_writing, True
        if not is_first:
            bundle.call.acquire()
        if not bundle.is_done:
            self._write()
        if isinstance(bundle.error, Unavailable):
            raise Unavailable(bundle.error.detail) from bundle.error
        if bundle.error is not None:
            raise RuntimeError("the heartbeats could not be written") from bundle.error
        return bundle.refused

    def _write(self) -> None:
        """Write what waits, and call those who brought it, and one of those who came meanwhile.

        Each is called by himself: in a queue for one lock, those who were written would stand
        behind the next writer, and could not bring anything new meanwhile.
        """
        with self._lock:
            bundles, self._waiting = self._waiting, []
        self._settle(bundles)
        with self._lock:
            self._is_writing = bool(self._waiting)
            called = [*bundles, *self._waiting[:1]]
        for bundle in called:
            bundle.call.release()

    def _settle(self, bundles: Collection[_Batch]) -> None:
        node_ids = {node_id for bundle in bundles for node_id in bundle.node_ids}
        try:
            with self._database.writing() as session:
                refused = store_heartbeats(session, node_ids)
        except Exception as error:  # noqa: BLE001 - each of those who wait raises it
            for bundle in bundles:
                bundle.is_done, bundle.error = True, error
            return
        for bundle in bundles:
            bundle.is_done = True
            bundle.refused = {key: refused[key] for key in bundle.node_ids if key in refused}

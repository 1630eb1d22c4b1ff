# SPDX-License-Identifier: Apache-2.0
"""Heartbeats that come in at once are written in one transaction.

A transaction of its own for each would wait for the disk each time, one after the other. Nobody is
answered before what he brought is on the disk.
"""

import threading
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from inventory_service.domain.errors import Refusal, Unavailable
from inventory_service.storage.database import Database
from inventory_service.usecases.heartbeats import note_heartbeats


@dataclass
class _Bundle:
    """What one request brings, and what became of it."""

    node_ids: Collection[str]
    is_done: bool = False
    refused: dict[str, Refusal] = field(default_factory=dict)
    error: Exception | None = None


class Gathering:
    """Who comes while others are written waits, and is written with all who wait by then.

    There can't be more of them than the service has threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Bundle] = deque()
        self._turn = threading.Lock()

    def note(self, node_ids: Collection[str]) -> Mapping[str, Refusal]:
        """Note heartbeats; return why some were refused, by node.

        :raises Unavailable: the database does not answer; nothing of this bundle was noted.
        """
        bundle = _Bundle(node_ids)
        self._waiting.append(bundle)
        with self._turn:
            if not bundle.is_done:
                self._write()
        if isinstance(bundle.error, Unavailable):
            raise Unavailable(bundle.error.detail) from bundle.error
        if bundle.error is not None:
            raise RuntimeError("the heartbeats could not be written") from bundle.error
        return bundle.refused

    def _write(self) -> None:
        """Write what waits, in the name of all; the turn is ours."""
        bundles = []
        while self._waiting:
            bundles.append(self._waiting.popleft())
        node_ids = {node_id for bundle in bundles for node_id in bundle.node_ids}
        try:
            with self._database.writing() as session:
                refused = note_heartbeats(session, node_ids)
        except Exception as error:  # noqa: BLE001 - each of those who wait raises it
            for bundle in bundles:
                bundle.is_done, bundle.error = True, error
            return
        for bundle in bundles:
            bundle.is_done = True
            bundle.refused = {key: refused[key] for key in bundle.node_ids if key in refused}

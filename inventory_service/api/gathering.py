# SPDX-License-Identifier: Apache-2.0
"""What requests ask of the database at the same time is done in one transaction.

A transaction of its own for each heartbeat would wait for the disk each time, one after the other,
and one for each look at a token costs more than the look. Nobody is answered before what he asked
was done, and what is done began after he had asked.
"""

import threading
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from inventory_service.domain.errors import Refusal, Unavailable
from inventory_service.domain.tokens import Account, Presented
from inventory_service.storage.database import Database
from inventory_service.usecases.heartbeats import note_heartbeats
from inventory_service.usecases.tokens import find_accounts

Item = TypeVar("Item", bound=Hashable)
Result = TypeVar("Result")


@dataclass
class _Bundle(Generic[Item, Result]):
    """What one request brings, and what became of it."""

    items: Collection[Item]
    #: Set when it was done, or when it is its turn to do what waits.
    is_called: threading.Event = field(default_factory=threading.Event)
    is_done: bool = False
    results: Mapping[Item, Result] = field(default_factory=dict)
    error: Exception | None = None


class Gathering(Generic[Item, Result]):
    """Who comes while an act runs waits, and the next act is for all who wait by then.

    There can't be more of them than the service has threads.
    """

    def __init__(self, act: Callable[[Collection[Item]], Mapping[Item, Result]]) -> None:
        self._act = act
        self._waiting: list[_Bundle[Item, Result]] = []
        self._is_acting = False
        self._lock = threading.Lock()

    def ask(self, items: Collection[Item]) -> Mapping[Item, Result]:
        """Have the items done; return the results of those that have one.

        :raises Unavailable: the database does not answer; nothing of this was done.
        """
        bundle = _Bundle[Item, Result](items)
        with self._lock:
            self._waiting.append(bundle)
            is_first, self._is_acting = not self._is_acting, True
        if not is_first:
            bundle.is_called.wait()
        if not bundle.is_done:
            self._act_for_all()
        if isinstance(bundle.error, Unavailable):
            raise Unavailable(bundle.error.detail) from bundle.error
        if bundle.error is not None:
            raise RuntimeError("what was asked together could not be done") from bundle.error
        return bundle.results

    def _act_for_all(self) -> None:
        """Do what waits, and call those it was done for, and one of those who came meanwhile."""
        with self._lock:
            bundles, self._waiting = self._waiting, []
        self._settle(bundles)
        with self._lock:
            self._is_acting = bool(self._waiting)
            called = [*bundles, *self._waiting[:1]]
        for bundle in called:
            bundle.is_called.set()

    def _settle(self, bundles: Collection[_Bundle[Item, Result]]) -> None:
        try:
            results = self._act({item for bundle in bundles for item in bundle.items})
        except Exception as error:  # noqa: BLE001 - each of those who wait raises it
            for bundle in bundles:
                bundle.is_done, bundle.error = True, error
            return
        for bundle in bundles:
            bundle.is_done = True
            bundle.results = {item: results[item] for item in bundle.items if item in results}


def gather_heartbeats(database: Database) -> Gathering[str, Refusal]:
    """Return what notes heartbeats by node, and tells why some were refused."""

    def note(node_ids: Collection[str]) -> Mapping[str, Refusal]:
        with database.writing() as session:
            return note_heartbeats(session, node_ids)

    return Gathering(note)


def gather_accounts(database: Database) -> Gathering[Presented, Account]:
    """Return what finds the accounts of tokens that are valid."""

    def find(presented: Collection[Presented]) -> Mapping[Presented, Account]:
        with database.reading() as session:
            return find_accounts(session, presented)

    return Gathering(find)

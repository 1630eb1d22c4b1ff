# SPDX-License-Identifier: Apache-2.0
"""Which of the waiting runs may start: locks on names and hosts, and limits, oldest first.

A lock is held exactly as long as the run that names it is live, so that none can be left behind.
"""

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

#: How the names of locks on hosts begin.
HOST_LOCK = "host:"


class LockMode(enum.StrEnum):
    """Whether a lock allows others of its kind beside it."""

    EXCLUSIVE = "exclusive"
    SHARED = "shared"


@dataclass(frozen=True)
class Claim:
    """What a run holds while it is live, or wants while it waits."""

    run_id: int
    template: str
    #: How many runs of the template may be live at once; 0 for any number.
    concurrency: int
    #: Names of locks, hosts as ``host:NAME``, each with its mode.
    locks: dict[str, LockMode]
    #: A slice has no place among the runs of its template: the run that it is part of has one.
    is_slice: bool = False


@dataclass(frozen=True)
class Obstacle:
    """Why a run has to wait: for a lock, or for a place among the runs of its template.

    ``lock`` is empty where it is for a place; ``holder`` is the run in the way.
    """

    lock: str
    holder: int


@dataclass(frozen=True)
class Choice:
    """Which runs may start now, in order, and what is in the way of the others."""

    starts: list[int]
    blocked: dict[int, Obstacle]


def choose_starts(waiting: Sequence[Claim], live: Iterable[Claim], *, slots: int) -> Choice:
    """Return which of the waiting runs, given oldest first, may start in that many slots.

    What a run waits for is kept for it: a younger run that wants the same waits behind it, so that
    none starves. A run for which only a slot is missing is in neither list.
    """
    table = _Table()
    for claim in live:
        table.add(claim)
    starts: list[int] = []
    blocked: dict[int, Obstacle] = {}
    for claim in waiting:
        obstacle = table.find_obstacle(claim)
        if obstacle is not None:
            blocked[claim.run_id] = obstacle
        elif len(starts) < slots:
            starts.append(claim.run_id)
        table.add(claim)
    return Choice(starts, blocked)


class _Table:
    """Who holds what."""

    def __init__(self) -> None:
        self._exclusive: dict[str, int] = {}
        self._shared: dict[str, int] = {}
        self._templates: Counter[str] = Counter()
        self._first: dict[str, int] = {}

    def add(self, claim: Claim) -> None:
        """Add a run, before those that come later."""
        if not claim.is_slice:
            self._templates[claim.template] += 1
            self._first.setdefault(claim.template, claim.run_id)
        for name, mode in claim.locks.items():
            held = self._shared if mode is LockMode.SHARED else self._exclusive
            held.setdefault(name, claim.run_id)

    def find_obstacle(self, claim: Claim) -> Obstacle | None:
        """Return what is in the way of a run, if anything."""
        for name, holder in self._list_holders(claim):
            return Obstacle(name, holder)
        if claim.is_slice:
            return None
        if claim.concurrency and self._templates[claim.template] >= claim.concurrency:
            return Obstacle("", self._first[claim.template])
        return None

    def _list_holders(self, claim: Claim) -> Iterator[tuple[str, int]]:
        for name, mode in claim.locks.items():
            if name in self._exclusive:
                yield name, self._exclusive[name]
            elif mode is LockMode.EXCLUSIVE and name in self._shared:
                yield name, self._shared[name]

# SPDX-License-Identifier: Apache-2.0
"""The spool of a run: its events as lines of a file, which no database has to be there for.

Whoever recovers the run reads it again, so that nothing is lost that Ansible has reported.
"""

import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from inventory_service.runs.domain.events import RunEvent
from inventory_service.runs.domain.plans import PlanBasis, PlannedChanges, PlanResult
from inventory_service.runs.domain.states import RunState

_OUTCOME = "outcome"
#: How much text one chunk of the log holds before it is compressed.
_CHUNK_CHARACTERS = 1 << 20
_EVENTS_AT_ONCE = 1000


@dataclass(frozen=True)
class SpooledEnd:
    """How a run ended, written when its last event was."""

    state: RunState
    why: str | None
    exit_code: int | None
    plan: PlanResult | None = None


class SpoolWriter:
    """Appends to a spool, a new file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "ab")

    def add(self, events: Iterable[RunEvent]) -> None:
        """Append events."""
        self._file.writelines(orjson.dumps(event.as_dict()) + b"\n" for event in events)
        self._file.flush()

    def end(self, end: SpooledEnd) -> None:
        """Append how the run ended, and see it onto the disk."""
        self._file.write(orjson.dumps({_OUTCOME: asdict(end)}) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class SpoolReader:
    """Reads a spool from its beginning, while it may still grow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        #: How the run ended, once that was read.
        self.end: SpooledEnd | None = None

    def read(self, most: int) -> list[RunEvent]:
        """Return the next events, at most so many; a line that is not whole is left for later."""
        events: list[RunEvent] = []
        if not self._path.exists():
            return events
        with self._path.open("rb") as file:
            file.seek(self._offset)
            while len(events) < most:
                line = file.readline()
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                found = orjson.loads(line)
                if _OUTCOME in found:
                    parts = found[_OUTCOME]
                    plan = parts["plan"] and PlanResult.from_dict(parts["plan"])
                    self.end = SpooledEnd(
                        RunState(parts["state"]), parts["why"], parts["exit_code"], plan
                    )
                else:
                    events.append(RunEvent.from_dict(found))
        return events


def conclude_plan(path: Path, basis: PlanBasis) -> PlanResult:
    """Return what the plan amounts to whose events are in a spool."""
    reader, changes = SpoolReader(path), PlannedChanges()
    while events := reader.read(_EVENTS_AT_ONCE):
        changes.add(events)
    return changes.conclude(basis)


def iter_log(path: Path) -> Iterator[bytes]:
    """Yield the log of a spool in compressed chunks, of which few are in memory at once."""
    reader = SpoolReader(path)
    texts: list[str] = []
    size = 0
    while events := reader.read(_EVENTS_AT_ONCE):
        for event in events:
            if event.text:
                texts.append(f"{event.text}\n")
                size += len(event.text)
            if size >= _CHUNK_CHARACTERS:
                yield zlib.compress("".join(texts).encode())
                texts, size = [], 0
    if texts:
        yield zlib.compress("".join(texts).encode())

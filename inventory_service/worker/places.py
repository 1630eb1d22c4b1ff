# SPDX-License-Identifier: Apache-2.0
"""Where an attempt at a run keeps its files while it is live."""

from dataclasses import dataclass
from pathlib import Path

from inventory_service.settings import Settings


@dataclass(frozen=True)
class Places:
    """Where a run keeps its files while it is live."""

    folder: Path

    @property
    def private(self) -> Path:
        """Return the folder of ansible-runner."""
        return self.folder / "private"

    @property
    def spool(self) -> Path:
        """Return the file with the events."""
        return self.folder / "events.jsonl"


def get_places(settings: Settings, run_id: int, attempt: int) -> Places:
    """Return where an attempt at a run keeps its files."""
    return Places(settings.run_dir / f"{run_id}-{attempt}")

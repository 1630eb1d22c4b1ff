# SPDX-License-Identifier: Apache-2.0
"""What was measured: printed as a table with what was aimed at, and written as JSON."""

import json
import operator
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One number, and the one that it was to keep to, if any."""

    what: str
    value: float
    unit: str
    target: float | None = None
    #: Whether the target is the least that it should be, not the most.
    is_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Return whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return (operator.ge if self.is_least else operator.le)(self.value, self.target)

    def show(self) -> tuple[str, str, str, str, str]:
        """Return the cells of its row."""
        target = f"{'≥' if self.is_least else '≤'} {self.target:,g} {self.unit}"
        verdict = "met" if self.is_met else "missed"
        return self.what, target, f"{_round(self.value)} {self.unit}", verdict, self.note


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(figures: Sequence[Figure]) -> None:
    """Print the figures that have a target, one a row."""
    table = Table(title="What this run aimed at, and reached")
    for heading in ("what", "target", "figure", "", ""):
        is_number = heading in {"target", "figure"}
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=is_number)
    for figure in figures:
        if figure.target is not None:
            table.add_row(*figure.show())
    Console().print(table)


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures, and on what they were measured."""
    document: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "figures": [asdict(figure) | {"is_met": figure.is_met} for figure in figures],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

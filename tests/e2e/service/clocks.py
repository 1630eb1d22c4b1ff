# SPDX-License-Identifier: Apache-2.0
"""A clock of the day that a test sets, for a real process and nobody else."""

from pathlib import Path

from tests.e2e.programs import find_file

#: libfaketime 0.9.10 refuses to wait until a monotonic time, of which Python's sleep is made.
SLEEP = """
import select
import time

time.sleep = lambda seconds: select.select([], [], [], seconds)
"""


class Clock:
    """A clock that goes right until it is set, and goes on from there."""

    def __init__(self, folder: Path, python_path: str) -> None:
        self._file = folder / "clock"
        self._folder = folder
        self._python_path = python_path
        (folder / "sitecustomize.py").write_text(SLEEP, "utf-8")
        self.set(0)

    def set(self, offset_s: int) -> None:
        """Let it differ from the right time by so much, from the next look on."""
        self._file.write_text(f"{offset_s:+d}\n", "utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs that goes by it; its monotonic clock and its files stay right."""
        library = find_file("usr/lib/*/faketime/libfaketimeMT.so.1", "libfaketime")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": f"{self._folder}:{self._python_path}",
        }

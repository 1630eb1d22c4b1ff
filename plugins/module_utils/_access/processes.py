# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes of an account that leaves, and those that lead to the present one."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import typing as t
from pathlib import Path

TRIES = 100
PAUSE_S = 0.05


class Process(t.NamedTuple):
    """A process: its parent, the accounts it acts as, and the one that logged in."""

    pid: int
    parent: int
    uids: frozenset[int]


def read_all() -> dict[int, Process]:
    """Return the processes that run; a zombie does nothing any more."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            process = _read(folder)
            if process is not None:
                found[process.pid] = process
    return found


def _read(folder: Path) -> Process | None:
    lines = (folder / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    status = {
        name: value.split() for name, _colon, value in (line.partition(":") for line in lines)
    }
    if status["State"][0] in ("Z", "X"):
        return None
    uids = {int(uid) for uid in status["Uid"]}
    with contextlib.suppress(OSError, ValueError):
        # Who logged in stays on record through sudo(8), where the kernel keeps it.
        uids.add(int((folder / "loginuid").read_text(encoding="utf-8")))
    return Process(int(folder.name), int(status["PPid"][0]), frozenset(uids))


def find_ancestors(pid: int, processes: t.Mapping[int, Process]) -> list[Process]:
    """Return a process and those that led to it."""
    found: list[Process] = []
    while pid in processes and len(found) < len(processes):
        found.append(processes[pid])
        pid = processes[pid].parent
    return found


def find_of(uid: int, processes: t.Mapping[int, Process]) -> set[int]:
    """Return the processes of an account, and what they started, as a root by sudo(8)."""
    found = {process.pid for process in processes.values() if uid in process.uids}
    while True:
        started = {p.pid for p in processes.values() if p.parent in found} - found
        if not started:
            return found
        found |= started


def end_all(uid: int) -> bool:
    """End the processes of an account at once; False if some cannot be ended."""
    for _try in range(TRIES):
        processes = read_all()
        spared = {process.pid for process in find_ancestors(os.getpid(), processes)} | {1}
        left = find_of(uid, processes) - spared
        if not left:
            return True
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE_S)
    return False

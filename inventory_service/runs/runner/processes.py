# SPDX-License-Identifier: Apache-2.0
"""Processes of this machine: found by their marks, followed by their parents, and ended.

Since ansible-core 2.19 each worker of a play has a session of its own (``WorkerProcess._detach``),
so that a signal to the group of ansible-playbook does not reach it. Ansible passes SIGTERM on to
them; and who is their subreaper gets those that are left as its own children (prctl(2)).
"""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
#: How long processes get to end by themselves.
GRACE_S = 5.0
_TURN_S = 0.05


def become_subreaper() -> None:
    """Make orphans among the descendants of this process its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def identify(pid: int) -> str | None:
    """Return what names a process for ever: its id, its start and the boot; None if it is gone.

    proc(5): field 22 of ``stat`` is the time of its start after boot.
    """
    try:
        fields = (_PROC / str(pid) / "stat").read_text("utf-8").rpartition(")")[2].split()
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("utf-8").strip()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else f"{pid}:{fields[19]}:{boot[:8]}"


def is_alive(identity: str) -> bool:
    """Return whether the process of an identity is still there."""
    pid = identity.partition(":")[0]
    return pid.isdecimal() and identify(int(pid)) == identity


def list_descendants(pid: int) -> list[int]:
    """Return the ids of a process's children, their children, and so on, that have not ended."""
    children: dict[int, list[int]] = {}
    for child, parent in _list_parents():
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.append(child)
            waiting.append(child)
    return found


def list_marked(mark: str) -> list[int]:
    """Return the ids of processes whose environment has the line, like ``NAME=value``."""
    found = []
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def end_all(find: Callable[[], list[int]], *, grace_s: float = GRACE_S) -> bool:
    """End the processes that `find` returns, those that appear meanwhile too.

    First with SIGTERM, and after the grace with SIGKILL. Returns whether none is left.
    """
    deadline = time.monotonic() + grace_s
    asked: set[int] = set()
    while left := find():
        is_late = time.monotonic() >= deadline
        if is_late and time.monotonic() >= deadline + grace_s:
            return False
        for pid in left:
            if is_late or pid not in asked:
                _send(pid, signal.SIGKILL if is_late else signal.SIGTERM)
                asked.add(pid)
        reap()
        time.sleep(_TURN_S)
    reap()
    return True


def reap() -> None:
    """Take the exit status of children that have ended, so that none remains as a zombie."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _list_parents() -> Iterator[tuple[int, int]]:
    """Yield id and parent of each process that has not ended."""
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()
                if fields[0] not in {"Z", "X"}:
                    yield int(folder.name), int(fields[1])

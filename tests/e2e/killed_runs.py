# SPDX-License-Identifier: Apache-2.0
"""The end of a run of Ansible as a power cut would bring it."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path


def kill_run(process: subprocess.Popen[str]) -> None:
    """End a run and all its workers at once; each of them is named, not their group.

    A worker of ansible-core 2.19 leads a session of its own, and would go on with its task.
    """
    for pid in [*_list_descendants(process.pid), process.pid]:
        # A worker may have done its task and gone by itself.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=30)


def _list_descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, queue = [], [pid]
    while queue:
        queue += children.get(queue[0], [])
        found += children.get(queue.pop(0), [])
    return found

# SPDX-License-Identifier: Apache-2.0
"""One run of a playbook by ansible-runner: events as they come, and an end that leaves nothing.

ansible-runner 2.4.3 is guarded where it is known to fail: its handlers never raise, and what it
raises itself is an outcome (research: a ``pexpect.TIMEOUT`` after a playbook that has ended well).
"""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ansible_runner.runner
from ansible_runner.interface import init_runner

from inventory_service.runs.domain.events import STATS, RunEvent
from inventory_service.runs.domain.outcomes import Ending
from inventory_service.runs.runner import processes

#: Colours and other orders for a terminal (ECMA-48, CSI).
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
#: How the names of variables begin that ansible-runner sets.
_OF_RUNNER = ("ANSIBLE_", "AWX_", "ORIGINAL_STDOUT_CALLBACK", "RUNNER_")
#: What one event may hold of the log; a file in a diff can be as large as it likes.
MOST_TEXT = 200_000


def execute(
    folder: Path,
    playbook: str,
    work_folder: Path,
    *,
    on_event: Callable[[RunEvent], None],
    should_stop: Callable[[], bool],
) -> Ending:
    """Run the playbook of a folder that `write_folder` made; return when none of it is left.

    ``on_event`` must return at once, since Ansible waits for it. ``should_stop`` is asked twice a
    second.
    """
    processes.become_subreaper()
    termination = _Termination()
    # A class attribute, since ansible-runner names the class itself where it stops a run. Its own
    # way is SIGKILL, which ansible-playbook can't pass on to its workers.
    ansible_runner.runner.Runner.handle_termination = termination.end
    runner, problem = None, None
    try:
        runner = init_runner(
            private_data_dir=str(folder),
            project_dir=str(work_folder),
            ident="run",
            playbook=playbook,
            fact_cache_type="",
            event_handler=_make_handler(on_event),
            cancel_callback=should_stop,
            quiet=True,
        )
        _close_environment(folder, runner.config)
        runner.run()
        if runner.rc is None:
            problem = "ansible-playbook was ended by a signal"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the edge of a library
        # Whole, since a part of a secret would not be found in it.
        problem = f"{type(error).__name__}: {error}"
    if not processes.end_all(lambda: processes.list_descendants(os.getpid())):
        left = ", ".join(map(str, processes.list_descendants(os.getpid())))
        problem = f"processes {left} of the run can't be ended"
    if runner is None:
        return Ending(None, problem=problem)
    return Ending(runner.rc, runner.canceled, runner.timed_out, problem)


class _Termination:
    """Ends ansible-playbook: it is asked first, so that it ends its workers, and killed later."""

    def __init__(self) -> None:
        self._asked_at: float | None = None

    def end(self, pid: int, pidfile: str | None = None) -> None:
        """Do the next step; it is called again until the process has ended."""
        del pidfile
        now = time.monotonic()
        try:
            if self._asked_at is None:
                self._asked_at = now
                os.kill(pid, signal.SIGTERM)
            elif now - self._asked_at > processes.GRACE_S:
                os.killpg(os.getpgid(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass


def _close_environment(folder: Path, config: Any) -> None:  # noqa: ANN401 - not typed
    """Leave out what this process has in its own environment, with which ansible-runner begins."""
    given = json.loads((folder / "env" / "envvars").read_bytes())
    config.env = {
        name: value
        for name, value in config.env.items()
        if name in given or name.startswith(_OF_RUNNER)
    }


def _make_handler(on_event: Callable[[RunEvent], None]) -> Callable[[dict[str, Any]], bool]:
    def handle(found: dict[str, Any]) -> bool:
        try:
            event = read_event(found)
        except (KeyError, TypeError, ValueError):
            # Its number will be missing, which the run reports. An error would end ansible-runner.
            return False
        on_event(event)
        # No file for each event: they are stored elsewhere.
        return False

    return handle


def read_event(found: Mapping[str, Any]) -> RunEvent:
    """Return an event of ansible-runner in our words.

    :raises KeyError: it lacks a field; TypeError, ValueError: one has another form.
    """
    data = found.get("event_data") or {}
    result = data.get("res") or {}
    kind = found["event"]
    text = _ESCAPES.sub("", found.get("stdout") or "").replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MOST_TEXT:
        text = f"{text[:MOST_TEXT]}\n… {len(text) - MOST_TEXT} more characters are left out"
    return RunEvent(
        counter=int(found["counter"]),
        kind=kind,
        at=_read_time(found.get("created")),
        text=_clean(text),
        play=data.get("play") and _clean(data["play"]),
        task=data.get("task") and _clean(data["task"]),
        task_id=data.get("task_uuid"),
        host=data.get("host") and _clean(data["host"]),
        is_changed=bool(isinstance(result, Mapping) and result.get("changed")),
        is_ignored=bool(data.get("ignore_errors")),
        recap=_read_recap(data) if kind == STATS else None,
    )


def _clean(text: str) -> str:
    """Return a text that can be kept: PostgreSQL holds no NUL, and UTF-8 no half of a pair."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()


def _read_recap(data: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    return {
        name: {str(host): int(count) for host, count in counts.items()}
        for name, counts in data.items()
        if isinstance(counts, Mapping) and name != "artifact_data"
    }


def _read_time(text: object) -> datetime:
    if not isinstance(text, str):
        return datetime.now(UTC)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

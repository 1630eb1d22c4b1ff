# SPDX-License-Identifier: Apache-2.0
"""The demo's own inventory service: started in the background, found again, and stopped."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

from demo.place import (
    BIN,
    BIND,
    DATABASE,
    FOLDER,
    ROOT,
    SERVICE_LOG,
    URL,
    Stopped,
    get_process_environment,
    get_run_settings,
)
from demo.steps import run_quietly

_PID_FILE = FOLDER / "service.pid"
_START_TIMEOUT_S = 30
_STOP_TIMEOUT_S = 40
_POLL_S = 0.1


def ensure(docker_host: str) -> None:
    """Make the service answer, with a database, an admin token and a worker of its own.

    :raises Stopped: the port belongs to another program, or the service does not come up.
    """
    if _find() and _is_ready():
        return
    if not _find() and _is_taken():
        raise Stopped(
            f"Another program listens on {BIND}. Stop it (`ss -ltnp 'sport = :9008'` names it), "
            "and run `make demo` again."
        )
    environment = get_process_environment(docker_host) | get_run_settings()
    if not (FOLDER / "config.ini").exists():
        # The token is only in this file, so a lost file needs a new token.
        _run_qm(["init", "--save-profile", "--name", f"demo-{time.time_ns()}"], environment)
    _run_qm(["migrate"], environment)
    _start(environment)


def stop() -> bool:
    """Stop the service if this demo started it; tells whether there was one."""
    pid = _find()
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while _find() is not None:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline += _STOP_TIMEOUT_S
        time.sleep(_POLL_S)
    return True


def _run_qm(arguments: list[str], environment: dict[str, str]) -> None:
    if arguments[0] == "init" and DATABASE.exists():
        arguments = [*arguments, "--force-new-token"]
    done = subprocess.run(
        [BIN / "qm", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Stopped(f"`qm {arguments[0]}` failed: {done.stderr.strip()}")


def _start(environment: dict[str, str]) -> None:
    with SERVICE_LOG.open("ab") as log:
        process = subprocess.Popen(
            [BIN / "qm", "serve", "--with-worker", "--bind", BIND],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _PID_FILE.write_text(f"{process.pid} {_get_start_time(process.pid)}\n", "utf-8")
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Stopped(f"The service did not come up; {SERVICE_LOG} says why.")
        time.sleep(_POLL_S)
    run_quietly([str(BIN / "qm"), "status", "--json"])


def _find() -> int | None:
    """Return the process id of the demo's service, if it still is the process that we started."""
    try:
        pid, start_time = _PID_FILE.read_text("utf-8").split()
    except (FileNotFoundError, ValueError):
        return None
    return int(pid) if _get_start_time(int(pid)) == start_time else None


def _get_start_time(pid: int) -> str | None:
    """Return when a process was started, in clock ticks after boot (proc(5), stat, field 22)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _is_ready() -> bool:
    try:
        return requests.get(f"{URL}/health/ready", timeout=2).ok
    except requests.RequestException:
        return False


def _is_taken() -> bool:
    host, _, port = BIND.partition(":")
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, int(port))) == 0

# SPDX-License-Identifier: Apache-2.0
"""The worker of `qm serve --with-worker` is there as long as the service, and no longer."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inventory_service.runs.runner.processes import identify, is_alive
from tests.ports import find_free_port
from tests.service.cli.admin.conftest import run

DEADLINE_S = 90


@pytest.fixture
def serving(url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A service with a worker, in a folder with a playbook."""
    run("init")
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "hello.yml").write_text("[]\n", "utf-8")
    bind = f"127.0.0.1:{find_free_port()}"
    variables = {
        "QM_DATABASE_URL": url,
        "QM_PLAYBOOKS_DIR": str(tmp_path),
        "QM_RUN_DIR": str(tmp_path / "runs"),
    }
    command = [sys.executable, "-m", "inventory_service.cli", "serve", "--with-worker"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--bind", bind],
            env={**os.environ, **variables},
            stdout=log,
            stderr=log,
        )
    yield process
    process.kill()
    process.wait(10)


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def find_worker(process: subprocess.Popen[bytes]) -> str | None:
    """Return the identity of the child that is a worker, once there is one."""
    # Each thread has children of its own.
    lists = Path(f"/proc/{process.pid}/task").glob("*/children")
    for pid in " ".join(one.read_text("utf-8") for one in lists).split():
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"worker" in command:
            return identify(int(pid))
    return None


def get_pid(identity: str) -> int:
    return int(identity.partition(":")[0])


def test_a_worker_that_ends_is_begun_again(
    serving: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    wait_until(lambda: find_worker(serving))
    first = find_worker(serving)
    assert first is not None
    os.kill(get_pid(first), signal.SIGKILL)
    wait_until(lambda: find_worker(serving) not in {None, first})
    assert serving.poll() is None
    wait_until(lambda: b'"worker ended"' in (tmp_path / "log").read_bytes())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_ends_with_its_service(
    serving: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals
) -> None:
    # Both have begun: a signal before would end them anyway.
    wait_until(lambda: b'"working"' in (tmp_path / "log").read_bytes())
    wait_until(lambda: b'"serving"' in (tmp_path / "log").read_bytes())
    worker = find_worker(serving)
    assert worker is not None
    serving.send_signal(number)
    assert serving.wait(60) == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    wait_until(lambda: not is_alive(worker))


def test_a_service_whose_worker_could_not_work_does_not_begin(url: str) -> None:
    run("init")
    result = run("serve", "--with-worker", "--check")
    assert result.exit_code == 1, url
    assert "QM_PLAYBOOKS_DIR" in result.stderr

# SPDX-License-Identifier: Apache-2.0
"""`qm import … --apply` is killed, alone or with the service, and run again: recorded just once."""

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from tests.contract.processes import QM, clean_environment
from tests.e2e.service.fleets import list_nodes, make_cluster
from tests.e2e.service.process import Process, wait_until

COUNT = 200
#: The smallest that there is.
PIPE_BYTES = 4096
#: Which part of the recording is done when it is killed, as far as one can say.
KILLED_AFTER = 0.75

Moment = Literal["before", "during", "after"]


def write_terraform(folder: Path, names: list[str]) -> list[str]:
    """Write an output of Terraform with these nodes; return the words that import it."""
    file = folder / "terraform.json"
    nodes = {name: {"node_type": "web"} for name in names}
    file.write_text(json.dumps({"nodes": {"sensitive": False, "value": nodes}}), "utf-8")
    return ["terraform", str(file)]


def write_nodes(folder: Path, names: list[str]) -> list[str]:
    """Write a file of nodes; return the words that import it."""
    file = folder / "nodes.csv"
    rows = "".join(f"{name},web\n" for name in names)
    file.write_text(f"node_id,node_type\n{rows}", "utf-8")
    return ["nodes", str(file)]


@contextlib.contextmanager
def importing(process: Process, words: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Give a running `qm import … --apply` that has begun to print its plan; kill it at the end.

    It applies nothing until `read_plan` has taken the plan, which is longer than the pipe.
    """
    with subprocess.Popen(
        get_command(words),
        env=get_environment(process),
        stdout=subprocess.PIPE,
        text=True,
        pipesize=PIPE_BYTES,
    ) as running:
        assert running.stdout is not None
        assert os.read(running.stdout.fileno(), 1)
        try:
            yield running
        finally:
            running.kill()


def read_plan(running: subprocess.Popen[str]) -> None:
    """Take the whole plan, so that it is applied."""
    assert running.stdout is not None
    lines = []
    while not any(line.startswith("Plan: ") for line in lines[-1:]):
        lines.append(running.stdout.readline())
        assert lines[-1], lines
    assert len("".join(lines)) > PIPE_BYTES


def run_again(process: Process, words: list[str]) -> bool:
    """Import until that is not refused, and return whether something was recorded.

    What the killed command has sent may be recorded between the new plan and its application; then
    `qm` refuses with code 5, as it does after any other change, and says what to do.
    """
    for _ in range(2):
        done = subprocess.run(
            get_command(words),
            env=get_environment(process),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode == 0:
            assert ("Recorded." in done.stdout) != ("There is nothing to record." in done.stdout)
            return "Recorded." in done.stdout
        assert done.returncode == 5, done.stderr
        assert "Look at the new plan and apply that one" in done.stderr
    pytest.fail("the fleet changes again and again")


def get_command(words: list[str]) -> list[str | Path]:
    return [QM, "import", *words, "--apply"]


def get_environment(process: Process) -> dict[str, str]:
    return clean_environment(QM_URL=process.url, QM_TOKEN=process.token)


def get_revision(process: Process) -> int:
    return int(process.get("/api/v1/status")["revision"])


#: What is written, when the command is killed, and whether the service dies as well: before it has
#: seen what is to be applied, at some moment while it records that, and when that is recorded.
KILLS: tuple[tuple[Callable[[Path, list[str]], list[str]], Moment, bool], ...] = (
    (write_terraform, "before", True),
    (write_nodes, "during", True),
    (write_terraform, "during", False),
    (write_nodes, "after", True),
)


def test_an_import_that_was_killed_is_recorded_once_by_the_next_one(
    process: Process, tmp_path: Path
) -> None:
    make_cluster(process)
    names = {f"warm-{one}" for one in range(COUNT)}
    with importing(process, write_nodes(tmp_path, sorted(names))) as running:
        read_plan(running)
        begun = time.monotonic()
        assert running.wait(60) == 0
        whole_s = time.monotonic() - begun
    for turn, (write, moment, with_service) in enumerate(KILLS):
        more = [f"turn{turn}-{one}" for one in range(COUNT)]
        words, before = write(tmp_path, more), get_revision(process)
        import_and_kill(process, words, moment, whole_s)
        if with_service:
            process.kill()
            process.start()
        assert len(list(list_nodes(process))) - len(names) in (0, COUNT)
        was_left = run_again(process, words)
        assert was_left == {"before": True, "during": was_left, "after": False}[moment]
        names.update(more)
        assert {node["node_id"] for node in list_nodes(process)} == names
        assert not run_again(process, words)
        assert get_revision(process) == before + 1
    assert len({node["wireguard_ip"] for node in list_nodes(process)}) == len(names)


def import_and_kill(process: Process, words: list[str], moment: Moment, whole_s: float) -> None:
    """Kill `qm import … --apply`; `whole_s` is how long it takes to record a plan it has told."""
    revision = get_revision(process)
    with importing(process, words) as running:
        if moment == "before":
            process.freeze()
        read_plan(running)
        if moment == "after":
            wait_until(lambda: get_revision(process) > revision, what="the plan is recorded")
        else:
            threading.Event().wait(whole_s * KILLED_AFTER)

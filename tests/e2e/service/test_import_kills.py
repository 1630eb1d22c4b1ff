# SPDX-License-Identifier: Apache-2.0
"""`qm import … --apply` is killed, alone or with the service, and run again: recorded just once."""

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.processes import QM, clean_environment
from tests.e2e.service.fleets import list_nodes, make_cluster
from tests.e2e.service.process import Process

COUNT = 200


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
    """Give a running `qm import … --apply` that has just printed its plan; kill it at the end."""
    with subprocess.Popen(
        get_command(words), env=get_environment(process), stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert any(line.startswith("Plan: ") for line in running.stdout)
        try:
            yield running
        finally:
            running.kill()


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


#: What is written, whether the service dies as well, and when: a fraction of the time that
#: recording takes, which begins when the plan is printed.
KILLS = (
    (write_terraform, True, 0.0),
    (write_nodes, True, 0.6),
    (write_terraform, False, 0.9),
    (write_nodes, False, 0.9),
)


def test_an_import_that_was_killed_is_recorded_once_by_the_next_one(
    process: Process, tmp_path: Path
) -> None:
    make_cluster(process)
    names = {f"warm-{one}" for one in range(COUNT)}
    with importing(process, write_nodes(tmp_path, sorted(names))) as running:
        begun = time.monotonic()
        assert running.wait(60) == 0
        whole_s = time.monotonic() - begun
    was_left = set()
    for turn, (write, with_service, moment) in enumerate(KILLS):
        more = [f"turn{turn}-{one}" for one in range(COUNT)]
        words, before = write(tmp_path, more), get_revision(process)
        with importing(process, words):
            threading.Event().wait(whole_s * moment)
        if with_service:
            process.kill()
            process.start()
        assert len(list(list_nodes(process))) - len(names) in (0, COUNT)
        was_left.add(run_again(process, words))
        names.update(more)
        assert {node["node_id"] for node in list_nodes(process)} == names
        assert not run_again(process, words)
        assert get_revision(process) == before + 1
    assert was_left == {True, False}, "all kills came too late, or all too early"
    assert len({node["wireguard_ip"] for node in list_nodes(process)}) == len(names)

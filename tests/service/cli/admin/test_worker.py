# SPDX-License-Identifier: Apache-2.0
"""`qm worker`: what it needs before it takes a run, and a real process that stops when asked."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.service.cli.admin.conftest import mark_schema, run

PATIENCE_S = 60


@pytest.fixture
def ready(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the runs of a worker that has all that it needs."""
    run("init")
    (tmp_path / "checkout/playbooks").mkdir(parents=True)
    (tmp_path / "checkout/playbooks/site.yml").write_text("[]\n", "utf-8")
    monkeypatch.setenv("QM_PLAYBOOKS_DIR", str(tmp_path / "checkout"))
    monkeypatch.setenv("QM_RUN_DIR", str(tmp_path / "state/runs"))
    assert url
    return tmp_path / "state/runs"


def test_a_worker_that_has_all_that_it_needs_could_work(ready: Path) -> None:
    result = run("worker", "--check")
    assert (result.exit_code, result.output) == (0, "The worker could work.\n")
    assert ready.stat().st_mode & 0o777 == 0o700


def test_a_worker_needs_the_schema(ready: Path, url: str) -> None:
    mark_schema(url, "0001")
    result = run("worker", "--check")
    assert (result.exit_code, "qm migrate" in result.stderr) == (1, True)
    assert not ready.exists()


@pytest.mark.usefixtures("ready")
def test_a_worker_needs_a_database_that_is_there(tmp_path: Path) -> None:
    result = run("worker", "--check", QM_DATABASE_URL=f"sqlite:///{tmp_path}/absent/fleet.sqlite")
    assert (result.exit_code, "qm init" in result.stderr) == (1, True)


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("is_set", [True, False])
def test_a_worker_needs_a_playbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_set: bool
) -> None:
    (tmp_path / "checkout/playbooks/site.yml").unlink()
    if not is_set:
        monkeypatch.delenv("QM_PLAYBOOKS_DIR")
    result = run("worker", "--check")
    assert result.exit_code == 1
    assert "QM_PLAYBOOKS_DIR" in result.stderr
    assert ("not set" in result.stderr) is not is_set


@pytest.mark.usefixtures("ready")
def test_a_worker_needs_a_folder_for_its_runs() -> None:
    result = run("worker", "--check", QM_RUN_DIR="/proc/none/runs")
    assert (result.exit_code, "QM_RUN_DIR" in result.stderr) == (1, True)


@pytest.mark.usefixtures("ready")
def test_a_worker_needs_ansible_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ansible_runner", None)
    result = run("worker", "--check")
    assert result.exit_code == 1
    assert "quartermaster[ansible]" in result.stderr


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(
    ("words", "environment", "named"),
    [
        (["--slots", "0"], {}, "--slots"),
        ([], {"QM_WORKER_SLOTS": "0"}, "QM_WORKER_SLOTS"),
        ([], {"QM_PLAYBOOKS_DIR": "/nowhere"}, "QM_PLAYBOOKS_DIR"),
        ([], {"QM_RUN_LEASE": "30"}, "QM_RUN_LEASE_S"),
    ],
)
def test_a_wrong_setting_is_wrong_usage(
    words: list[str], environment: dict[str, str], named: str
) -> None:
    result = run("worker", "--check", *words, **environment)
    assert (result.exit_code, named in result.stderr) == (2, True)


@pytest.mark.usefixtures("ready")
def test_a_worker_works_until_it_is_asked_to_stop(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    command = [str(Path(sys.executable).with_name("qm")), "worker", "--slots", "3"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=dict(os.environ), stdout=file, stderr=file)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while "working" not in log.read_text("utf-8"):
            assert time.monotonic() < deadline, log.read_text("utf-8")
            assert process.poll() is None, log.read_text("utf-8")
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
    text = log.read_text("utf-8")
    assert '"slots": 3' in text
    assert "stopped" in text

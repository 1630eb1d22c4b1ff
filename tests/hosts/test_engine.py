# SPDX-License-Identifier: Apache-2.0
"""The private engine: started once, found again, healed after kill -9; all on an empty one."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import engine

ROOT = Path(__file__).parents[2]
# A second engine must not rewrite the packet filter rules of the first.
OPTIONS = (*engine.OPTIONS, "--iptables=false")
# Starts the private engine as `ensure` does when no other answers, at the places of the test.
START = """
import sys
from pathlib import Path
from tests.hosts import engine
place = Path(sys.argv[1])
engine.RUN_DIR, engine.DATA_DIR = place / "run", place / "data"
engine.PRIVATE_SOCKET, engine.LOG = place / "run" / "docker.sock", place / "data" / "dockerd.log"
engine.DEFAULT_HOST, engine.OPTIONS = "unix:///nowhere.sock", tuple(sys.argv[2:])
print(engine.ensure().docker_host)
"""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty folder that this process takes for the places of the private engine.

    The path is short, for a socket's must fit into 108 bytes.
    """
    folder = Path(tempfile.mkdtemp(prefix="qm-", dir="/var/lib"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engine, "RUN_DIR", folder / "run")
    monkeypatch.setattr(engine, "DATA_DIR", folder / "data")
    monkeypatch.setattr(engine, "PRIVATE_SOCKET", folder / "run" / "docker.sock")
    monkeypatch.setattr(engine, "LOG", folder / "data" / "dockerd.log")
    monkeypatch.setattr(engine, "DEFAULT_HOST", "unix:///nowhere.sock")
    monkeypatch.setattr(engine, "OPTIONS", OPTIONS)
    yield folder
    if os.geteuid() == 0:
        engine.stop()
        # dockerd mounts its data root upon itself, and leaves that behind when it is killed. What
        # it kept open there is closed only after its end.
        root = str(folder / "data" / "data")
        while f" {root} " in Path("/proc/self/mounts").read_text():
            subprocess.run(["umount", "--lazy", root], check=True)
    shutil.rmtree(folder)


def start(place: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, str(place), *OPTIONS],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def get_pid() -> int:
    return int((engine.RUN_DIR / "docker.pid").read_text())


def kill_and_wait(pid: int) -> None:
    """Kill a process and wait until it has ended, whoever its parent is."""
    descriptor = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        assert select.select([descriptor], [], [], 30)[0]
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(("before", "after"), [("128", "1024"), ("8192", "8192")])
def test_the_machine_has_room_for_many_hosts(tmp_path: Path, before: str, after: str) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(f"{before}\n")
    engine._allow_many_hosts(limit)
    assert limit.read_text().strip() == after


def test_a_limit_that_cannot_be_raised_keeps_no_engine_from_starting(tmp_path: Path) -> None:
    engine._allow_many_hosts(tmp_path / "missing")


@pytest.mark.hosts
def test_two_callers_at_once_start_one_engine(place: Path) -> None:
    callers = [start(place) for _ in range(3)]
    answers = [caller.communicate(timeout=90)[0].split("\n")[-2] for caller in callers]

    assert answers == [f"unix://{place}/run/docker.sock"] * 3
    running = subprocess.run(
        ["pgrep", "-f", f"dockerd --host=unix://{place}/"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert running.stdout.split() == [str(get_pid())]


@pytest.mark.hosts
@pytest.mark.usefixtures("place")
def test_a_killed_engine_is_started_again_over_its_leftovers() -> None:
    engine.ensure()
    killed = get_pid()
    kill_and_wait(killed)
    assert (engine.RUN_DIR / "docker.pid").exists()

    again = engine.ensure()

    assert engine.answers(again.docker_host)
    assert get_pid() != killed


@pytest.mark.hosts
@pytest.mark.usefixtures("place")
def test_a_pid_file_that_names_somebody_else_is_no_engine() -> None:
    engine.RUN_DIR.mkdir(parents=True)
    (engine.RUN_DIR / "docker.pid").write_text(str(os.getpid()))
    containerd = engine.RUN_DIR / "exec" / "containerd"
    containerd.mkdir(parents=True)
    (containerd / "containerd.pid").write_text(str(os.getpid()))
    engine.PRIVATE_SOCKET.touch()

    assert not engine.stop()
    assert engine.answers(engine.ensure().docker_host)


@pytest.mark.hosts
@pytest.mark.usefixtures("place")
def test_stop_ends_what_was_started_and_no_more() -> None:
    found = engine.ensure()

    assert engine.stop()

    assert not engine.answers(found.docker_host)
    assert not engine.stop()


@pytest.mark.hosts
def test_an_engine_that_ends_at_once_is_told_with_its_last_words(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = place / "dockerd"
    program.write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")

    with pytest.raises(engine.EngineMissing, match="ended at once: no space left on device"):
        engine.ensure()


@pytest.mark.usefixtures("place")
def test_without_root_one_line_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(engine.EngineMissing) as refusal:
        engine.ensure()
    assert str(refusal.value).count("\n") == 0
    assert "needs root: start Docker, set DOCKER_HOST" in str(refusal.value)


def test_without_apt_one_line_says_what_is_missing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(place))

    with pytest.raises(
        engine.EngineMissing, match="this is no Debian or Ubuntu: install and start"
    ):
        engine.ensure()


@pytest.mark.usefixtures("place")
def test_an_engine_that_was_named_and_does_not_answer_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/else.sock")

    with pytest.raises(engine.EngineMissing, match="DOCKER_HOST=unix:///nowhere/else"):
        engine.ensure()

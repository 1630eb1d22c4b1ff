# SPDX-License-Identifier: Apache-2.0
"""A Docker engine that answers: the user's own, or a private one that is started here.

The private engine keeps its socket, state and data in places of its own, so that an engine that the
user starts later is not disturbed. All checkouts on a machine share it: whoever comes first starts
it, under a lock.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import requests
from docker.errors import DockerException

RUN_DIR = Path("/run/quartermaster-engine")
DATA_DIR = Path("/var/lib/quartermaster-engine")
LOG = DATA_DIR / "dockerd.log"
PRIVATE_SOCKET = RUN_DIR / "docker.sock"
DEFAULT_HOST = "unix:///var/run/docker.sock"
OPTIONS = (
    # Every network is made on purpose: the default one could meet the user's own.
    "--bridge=none",
    # Hosts outlive a restart of the engine, as a cloud's servers outlive its API.
    "--live-restore",
)
INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 1024
"""Enough for a hundred hosts, each of which runs systemd."""
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
PING_TIMEOUT_S = 5
POLL_S = 0.1


class EngineMissing(Exception):
    """No engine answers and none can be started; the text is one line that says what to do."""


@dataclass(frozen=True)
class Engine:
    """An engine that answered a moment ago."""

    docker_host: str

    @property
    def is_private(self) -> bool:
        """True when it is the engine that `ensure` starts, not the user's own."""
        return self.docker_host == f"unix://{PRIVATE_SOCKET}"

    @contextlib.contextmanager
    def client(self, *, timeout_s: int = 120) -> Iterator[docker.DockerClient]:
        """Lend a client of this engine, closed at the end of the `with` block."""
        with contextlib.closing(
            docker.DockerClient(base_url=self.docker_host, timeout=timeout_s)
        ) as client:
            yield client


def ensure() -> Engine:
    """Return an engine that answers, starting a private one if there is none.

    :raises EngineMissing: when none answers and none can be started here.
    """
    found = find()
    if found:
        return found
    if os.environ.get("DOCKER_HOST") not in {None, "", f"unix://{PRIVATE_SOCKET}"}:
        raise EngineMissing(
            f"DOCKER_HOST={os.environ['DOCKER_HOST']} does not answer: start it or unset it"
        )
    if os.geteuid() != 0:
        raise EngineMissing(
            "no Docker engine answers, and starting one needs root: start Docker, set DOCKER_HOST, "
            "or run this as root on Debian or Ubuntu"
        )
    with lock():
        return find() or _start(_find_program())


def find() -> Engine | None:
    """Return the engine that answers: DOCKER_HOST alone if set, else the usual one, else ours."""
    named = os.environ.get("DOCKER_HOST")
    for docker_host in [named] if named else [DEFAULT_HOST, f"unix://{PRIVATE_SOCKET}"]:
        if answers(docker_host):
            return Engine(docker_host)
    return None


def answers(docker_host: str) -> bool:
    """Return whether an engine answers at this address now."""
    try:
        # docker-py 7.2 leaves its socket open when nobody listens, which is a warning in tests.
        if docker_host.startswith("unix://"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(docker_host.removeprefix("unix://"))
        with Engine(docker_host).client(timeout_s=PING_TIMEOUT_S) as client:
            return bool(client.ping())
    except (DockerException, requests.exceptions.RequestException, OSError):
        return False


def stop() -> bool:
    """Stop the private engine; False when it was not running. What still runs on it lives on.

    :raises EngineMissing: when it runs but does not end in time.
    """
    with lock():
        pid = _find_running_pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        _wait(
            lambda: _find_running_pid() is None,
            timeout_s=STOP_TIMEOUT_S,
            failure=f"the engine (pid {pid}) did not stop within {STOP_TIMEOUT_S:.0f} s",
        )
        return True


@contextlib.contextmanager
def lock(name: str = "engine") -> Iterator[None]:
    """Hold a machine-wide lock; it is freed by the kernel when the holder dies."""
    folder = RUN_DIR if os.geteuid() == 0 else Path(f"/tmp/quartermaster-{os.geteuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _find_program() -> str:
    """Return the path of dockerd, after installing Debian's docker.io if it is missing."""
    program = shutil.which("dockerd")
    if program:
        return program
    if not shutil.which("apt-get"):
        raise EngineMissing(
            "no Docker engine answers, dockerd is not installed, and this is no Debian or Ubuntu: "
            "install and start Docker, or set DOCKER_HOST"
        )
    install_packages("docker.io")
    program = shutil.which("dockerd")
    if program is None:
        raise EngineMissing("the package docker.io was installed, but there is no dockerd in PATH")
    return program


def install_packages(*names: str) -> None:
    """Install Debian packages without questions.

    :raises EngineMissing: with apt's last line when it fails.
    """
    print(f"installing {' '.join(names)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names]
    for command in (["apt-get", "update", "-qq"], install):
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        if result.returncode:
            lines = result.stderr.strip().splitlines() or ["no message"]
            raise EngineMissing(f"`{' '.join(command)}` failed: {lines[-1]}")


def _start(program: str) -> Engine:
    """Start the private engine and wait until it answers; the caller holds the lock."""
    engine = Engine(f"unix://{PRIVATE_SOCKET}")
    print(f"starting a private Docker engine in {DATA_DIR}", flush=True)
    _allow_many_hosts()
    # One that lives but does not answer yet was started by somebody who died while waiting.
    process = None if _find_running_pid() else _spawn(program, engine)

    def has_ended() -> bool:
        return process.poll() is not None if process else _find_running_pid() is None

    _wait(
        lambda: answers(engine.docker_host) or has_ended(),
        timeout_s=START_TIMEOUT_S,
        failure=f"dockerd does not answer within {START_TIMEOUT_S:.0f} s: see {LOG}",
    )
    if not answers(engine.docker_host):
        raise EngineMissing(f"dockerd ended at once: {_last_error(LOG)} (see {LOG})")
    if process:
        # It is meant to outlive this process; without this, Popen warns that it still runs.
        process.returncode = 0
    return engine


def _allow_many_hosts(limit: Path = INOTIFY_LIMIT) -> None:
    """Raise a limit of the kernel: with its usual 128, the tenth host boots degraded."""
    with contextlib.suppress(OSError):
        if int(limit.read_text()) < INOTIFY_INSTANCES:
            limit.write_text(str(INOTIFY_INSTANCES))


def _spawn(program: str, engine: Engine) -> subprocess.Popen[bytes]:
    """Start dockerd in a session of its own, with all its places private."""
    _remove_leftovers()
    DATA_DIR.mkdir(mode=0o710, parents=True, exist_ok=True)
    with LOG.open("ab") as output:
        return subprocess.Popen(
            [
                program,
                f"--host={engine.docker_host}",
                f"--data-root={DATA_DIR}/data",
                f"--exec-root={RUN_DIR}/exec",
                f"--pidfile={RUN_DIR}/docker.pid",
                *OPTIONS,
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )


def _find_running_pid() -> int | None:
    """Return the pid of the private dockerd if that process lives and is one."""
    return _find_process(RUN_DIR / "docker.pid", "dockerd")


def _find_process(pid_file: Path, program: str) -> int | None:
    """Return the pid in a file if a process of that program has it, else None.

    After kill -9 the file stays behind, and the number may belong to anything by then.
    """
    try:
        pid = int(pid_file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        is_zombie = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except (OSError, ValueError):
        return None
    return pid if Path(os.fsdecode(command)).name == program and not is_zombie else None


def _remove_leftovers() -> None:
    """Remove pid files and sockets that a killed engine left, so that the next one starts."""
    (RUN_DIR / "docker.pid").unlink(missing_ok=True)
    PRIVATE_SOCKET.unlink(missing_ok=True)
    containerd = RUN_DIR / "exec" / "containerd" / "containerd.pid"
    # dockerd takes any living process with this number for its containerd and waits in vain.
    if _find_process(containerd, "containerd") is None:
        containerd.unlink(missing_ok=True)


def _wait(is_done: Callable[[], bool], *, timeout_s: float, failure: str) -> None:
    """Return when `is_done` says so.

    :raises EngineMissing: with the text `failure` when that takes too long.
    """
    deadline = time.monotonic() + timeout_s
    while not is_done():
        if time.monotonic() > deadline:
            raise EngineMissing(failure)
        time.sleep(POLL_S)


def _last_error(log: Path) -> str:
    """Return the last line of a log, which is where dockerd says why it ended."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it wrote nothing"

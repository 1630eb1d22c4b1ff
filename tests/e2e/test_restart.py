# SPDX-License-Identifier: Apache-2.0
"""The service takes up new code and settings by a restart, and ends, without losing a request."""

import compileall
import contextlib
import http.client
import json
import os
import py_compile
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.processes import QM, clean_environment, make_database
from tests.e2e.service.process import wait_until
from tests.ports import find_free_port

ROOT = Path(__file__).parents[2]
CLIENTS = 8
RESTARTS = 4
#: How many requests must have been answered over all restarts, and how many in between.
ENOUGH, SOME = 2000, 400
#: An interpreter is started, on machines that have other things to do.
START_S = 120
#: As systemd hands over a socket, sd_listen_fds(3): as file descriptor 3, by the process's own id.
HAND_OVER = 'exec 3<&"$0" && exec env LISTEN_FDS=1 LISTEN_PID=$$ "$@"'


class Service:
    """`qm serve` from a copy of the code, so that the copy can be changed under it."""

    def __init__(
        self, folder: Path, code: Path, *words: str, listener: socket.socket | None = None
    ) -> None:
        self.code = folder / "code"
        shutil.copytree(code, self.code)
        self._listener, self._words = listener, words
        self.port = listener.getsockname()[1] if listener else find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = folder / "quartermaster.env"
        self._database_url = f"sqlite:///{folder}/fleet.sqlite"
        self.token = make_database(folder / "fleet.sqlite")
        self.set()
        self.log = folder / "serve.log"
        self._environment = clean_environment(
            QM_SETTINGS_FILE=str(self.settings),
            QM_CONFIG=str(folder / "config.ini"),
            PYTHONPATH=str(self.code),
            # Two edits within a second would leave the first one's byte code in use.
            PYTHONDONTWRITEBYTECODE="1",
        )
        self.process = self._start()
        try:
            wait_until(
                self.is_ready, what=f"the service is ready; see {self.log}", timeout_s=START_S
            )
        except BaseException:
            self.process.kill()
            self.process.wait(10)
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        command: Sequence[str | Path] = [QM, "serve", *self._words]
        handed = [self._listener.fileno()] if self._listener else []
        if handed:
            command = ["bash", "-c", HAND_OVER, str(handed[0]), *command]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, pass_fds=handed
            )

    def restart(self) -> None:
        """Stop the service and start it again, as `systemctl restart` does."""
        self.process.terminate()
        self.start_again()

    def start_again(self) -> None:
        """Start the service when it has stopped."""
        assert self.process.wait(START_S) == 0
        self.process = self._start()

    def set(self, **settings: str) -> None:
        """Write the settings file."""
        kept = {
            "QM_BIND": f"127.0.0.1:{self.port}",
            "QM_DATABASE_URL": self._database_url,
            # Two processes that count requests for themselves are warned of in words, not in JSON.
            **{f"QM_LIMIT_{name}_PER_MIN": "0" for name in ("TOTAL", "ADDRESS", "ACCOUNT")},
        }
        lines = [f"{name}={value}\n" for name, value in (kept | settings).items()]
        self.settings.write_text("".join(lines), "utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Change the code, as an upgrade does."""
        path = self.code / "inventory_service" / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def workers(self) -> list[int]:
        """Return the processes that the service has started and that still run."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if int(stat.read_text("utf-8").rpartition(")")[2].split()[1]) == self.process.pid:
                    found.append(int(stat.parent.name))
        return sorted(found)

    def events(self) -> list[dict[str, Any]]:
        """Return what has been logged; a line that is no JSON fails."""
        whole = self.log.read_text("utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def is_ready(self) -> bool:
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            return requests.get(f"{self.url}/health/ready", timeout=2).ok
        return False


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code, with byte code that an edit makes useless at once."""
    folder = tmp_path_factory.mktemp("code")
    package = folder / "inventory_service"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "inventory_service", package, ignore=ignored)
    checked = py_compile.PycInvalidationMode.CHECKED_HASH
    assert compileall.compile_dir(package, quiet=1, invalidation_mode=checked)
    return folder


@pytest.fixture
def service(tmp_path: Path, code: Path) -> Iterator[Service]:
    """A service that listens on an address of its own."""
    service = Service(tmp_path, code)
    yield service
    service.process.kill()
    service.process.wait(10)


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
def handed(request: pytest.FixtureRequest, tmp_path: Path, code: Path) -> Iterator[Service]:
    """A service on a socket that the test keeps open, as systemd does."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        service = Service(tmp_path, code, "--workers", str(request.param), listener=listener)
        yield service
        service.process.terminate()
        service.process.wait(60)


@dataclass
class Traffic:
    """What clients saw who asked without a pause."""

    answers: int = 0
    failures: list[str] = field(default_factory=list)


@contextlib.contextmanager
def asking(url: str) -> Iterator[Traffic]:
    """Let clients ask all the time, half of them on connections that they keep."""
    traffic, over = Traffic(), threading.Event()

    def ask(*, keeps: bool) -> None:
        with requests.Session() as session:
            while not over.is_set():
                try:
                    answer = (session if keeps else requests).get(
                        f"{url}/health/live", timeout=START_S
                    )
                    answer.raise_for_status()
                    traffic.answers += 1
                except requests.RequestException as fault:
                    traffic.failures.append(repr(fault))

    threads = [
        threading.Thread(target=ask, kwargs={"keeps": number % 2 == 0}) for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield traffic
    finally:
        over.set()
        for thread in threads:
            thread.join()


class SlowRegistration:
    """A request of which half is sent, so that it runs for as long as the test likes."""

    def __init__(self, service: Service) -> None:
        self._body = json.dumps({"project": "slow"}).encode()
        head = (
            "POST /api/v1/projects HTTP/1.1\r\nHost: here\r\n"
            f"Authorization: Bearer {service.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self._body)}\r\n\r\n"
        )
        self._socket = socket.create_connection(("127.0.0.1", service.port), timeout=30)
        self._socket.sendall(head.encode() + self._body[:5])
        wait_until(self._is_read, what="the service reads the request", timeout_s=START_S)

    def _is_read(self) -> bool:
        """Return whether the service has accepted the connection and read what was sent.

        A connection that waits in the queue of the socket has no inode yet, see proc(5).
        """
        ports = [
            f":{end[1]:04X}" for end in (self._socket.getpeername(), self._socket.getsockname())
        ]
        for line in Path("/proc/net/tcp").read_text("utf-8").splitlines():
            _, here, there, _, queues, *_, inode = line.split()[:10]
            if [here[-5:], there[-5:]] == ports:
                return queues.endswith(":00000000") and inode != "0"
        return False

    def finish(self) -> tuple[int, str | None]:
        """Send the rest; return the answer's status and what it says of the connection."""
        with contextlib.closing(self._socket) as connection:
            connection.sendall(self._body[5:])
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status, answer.getheader("Connection")


@pytest.mark.slow
def test_restarts_on_a_handed_socket_lose_no_request(handed: Service) -> None:
    inventory = f"{handed.url}/api/v1/inventory"
    assert requests.get(inventory, timeout=10).status_code == 401
    with asking(handed.url) as traffic:
        for number in range(RESTARTS):
            wait_until(
                lambda seen=traffic.answers: traffic.answers - seen >= SOME,  # type: ignore[misc] # bound now
                what=f"{SOME} answers",
                timeout_s=START_S,
            )
            handed.edit("http/health.py", '"status": "live', f'"status": "live{number}')
            handed.set(QM_ANONYMOUS_READ="true")
            handed.restart()
        wait_until(lambda: traffic.answers >= ENOUGH, what=f"{ENOUGH} answers", timeout_s=START_S)
    assert traffic.failures == []
    # New code and new settings are in use.
    assert requests.get(f"{handed.url}/health/live", timeout=10).json() == {"status": "live3210"}
    assert requests.get(inventory, timeout=10).status_code == 200
    assert len([event for event in handed.events() if event["event"] == "stopped"]) >= RESTARTS


def test_a_request_that_is_arriving_at_a_restart_is_answered(handed: Service) -> None:
    slow = SlowRegistration(handed)
    handed.process.terminate()
    # Who comes now waits in the socket's queue for the next process.
    waiting = socket.create_connection(("127.0.0.1", handed.port), timeout=START_S)
    with contextlib.closing(waiting):
        waiting.sendall(b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n")
        assert slow.finish() == (201, "close")
        # No second SIGTERM: one that comes when Python has given up its handlers ends it by signal.
        handed.start_again()
        assert waiting.recv(12) == b"HTTP/1.1 200"


def test_when_one_of_several_processes_ends_all_do(tmp_path: Path, code: Path) -> None:
    """Whoever started the service, systemd say, sees it and starts it again as a whole."""
    service = Service(tmp_path, code, "--workers", "2")
    try:
        os.kill(service.workers()[0], signal.SIGKILL)
        assert service.process.wait(60) == 1
    finally:
        service.process.kill()
        service.process.wait(10)
    assert not _is_open(service.port)


def test_no_process_is_left_behind_when_the_first_one_is_killed(tmp_path: Path, code: Path) -> None:
    service = Service(tmp_path, code, "--workers", "2")
    service.process.kill()
    service.process.wait(10)
    wait_until(lambda: not _is_open(service.port), what="nobody listens any more")


def test_a_stop_lets_the_running_request_finish(service: Service) -> None:
    slow = SlowRegistration(service)
    service.process.terminate()
    wait_until(lambda: not _is_open(service.port), what="new connections are refused")
    assert service.process.poll() is None
    assert slow.finish() == (201, "close")
    assert service.process.wait(20) == 0
    done = [event for event in service.events() if event["event"] == "request"]
    assert [(event["route"], event["status"]) for event in done] == [("/api/v1/projects", 201)]


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

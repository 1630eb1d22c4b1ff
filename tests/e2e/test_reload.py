# SPDX-License-Identifier: Apache-2.0
"""The service takes up new code and settings, and ends, without losing a request."""

import contextlib
import http.client
import json
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.processes import QM, clean_environment
from tests.e2e.service.process import wait_until
from tests.ports import find_free_port

ROOT = Path(__file__).parents[2]
CLIENTS = 4
WORKERS = 2
#: Two interpreters are started, on machines that have other things to do.
RELOAD_S = 120


class Service:
    """`qm serve` from a copy of the code, so that the copy can be changed under it."""

    def __init__(self, folder: Path) -> None:
        self.code = folder / "code"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "inventory_service", self.code / "inventory_service", ignore=ignored)
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = folder / "quartermaster.env"
        self._database_url = f"sqlite:///{folder}/fleet.sqlite"
        self.set()
        self.log = folder / "serve.log"
        self._environment = clean_environment(
            QM_SETTINGS_FILE=str(self.settings),
            QM_CONFIG=str(folder / "config.ini"),
            PYTHONPATH=str(self.code),
            # Two edits within a second would leave the first one's byte code in use.
            PYTHONDONTWRITEBYTECODE="1",
        )
        self.token = self._run("init").strip()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [QM, "serve", "--workers", str(WORKERS)],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        wait_until(self.is_ready, what=f"the service is ready; see {self.log}")
        wait_until(lambda: len(self.workers()) == WORKERS, what="all workers are there")

    def set(self, **settings: str) -> None:
        """Write the settings file."""
        kept = {
            "QM_BIND": f"127.0.0.1:{self.port}",
            "QM_DATABASE_URL": self._database_url,
            # A request that is slow on purpose waits for a reload.
            "QM_ARRIVAL_TIMEOUT_S": str(2 * RELOAD_S),
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

    def reload(self) -> None:
        """Ask for a reload, and wait until it has been done or refused."""
        said, workers = len(self.events()), self.workers()
        self.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: self.refusals(said) or not set(workers) & set(self.workers()),
            what=f"a reload; see {self.log}",
            timeout_s=RELOAD_S,
        )

    def refusals(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the events by which a reload was refused."""
        return [one for one in self.events()[since:] if one["event"].startswith("Reload refused")]

    def workers(self) -> list[int]:
        """Return the processes that the service has begun and that are still there."""
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

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [QM, *words], env=self._environment, capture_output=True, text=True, check=True
        )
        return done.stdout


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.process.kill()
    service.process.wait(10)


@dataclass
class Traffic:
    """What clients saw who asked without a pause."""

    answers: int = 0
    field_errors: list[str] = field(default_factory=list)


@contextlib.contextmanager
def asking(url: str) -> Iterator[Traffic]:
    """Let clients ask all the time, half of them on connections that they keep."""
    traffic, over = Traffic(), threading.Event()

    def ask(*, keeps: bool) -> None:
        with requests.Session() as session:
            while not over.is_set():
                try:
                    answer = (session if keeps else requests).get(f"{url}/health/live", timeout=30)
                    answer.raise_for_status()
                    traffic.answers += 1
                except requests.RequestException as fault:
                    traffic.field_errors.append(repr(fault))

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

    def finish(self) -> int:
        """Send the rest and return the status of the answer."""
        with contextlib.closing(self._socket) as connection:
            connection.sendall(self._body[5:])
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status


def test_a_reload_takes_up_new_code_and_settings_and_loses_no_request(service: Service) -> None:
    inventory = f"{service.url}/api/v1/inventory"
    assert requests.get(inventory, timeout=10).status_code == 401
    slow, workers = SlowRegistration(service), service.workers()
    with asking(service.url) as traffic:
        service.edit("http/health.py", '"status": "live"', '"status": "live anew"')
        service.set(QM_ANONYMOUS_READ="true")
        service.process.send_signal(signal.SIGHUP)
        wait_until(lambda: _has_news(service), what="the new code answers", timeout_s=RELOAD_S)
        # The worker from before still has a request to finish.
        assert set(workers) & set(service.workers())
        assert slow.finish() == 201
        wait_until(
            lambda: len(service.workers()) == WORKERS, what="the workers from before are gone"
        )
        service.reload()
    assert traffic.field_errors == []
    assert traffic.answers > 100
    assert requests.get(inventory, timeout=10).status_code == 200
    assert service.process.poll() is None
    started = [event for event in service.events() if event["event"].startswith("Starting")]
    assert len(started) == 3
    assert len(service.workers()) == WORKERS


def _has_news(service: Service) -> bool:
    return bool(requests.get(f"{service.url}/health/live", timeout=10).json()["status"] != "live")


@pytest.mark.parametrize("fault", ["code", "setting", "schema"])
def test_what_could_not_start_is_refused_and_the_service_goes_on(
    service: Service, tmp_path: Path, fault: str
) -> None:
    if fault == "code":
        service.edit("http/health.py", "def live(", "def live((")
    elif fault == "setting":
        service.set(QM_THREADS="many")
    else:
        service.set(QM_DATABASE_URL=f"sqlite:///{tmp_path}/other.sqlite")
    workers = service.workers()
    with asking(service.url) as traffic:
        service.reload()
    assert traffic.field_errors == []
    assert service.is_ready()
    assert service.workers() == workers
    (refused,) = service.refusals()
    words = {"code": "SyntaxError", "setting": "QM_THREADS", "schema": "qm init"}
    assert refused["level"] == "error"
    assert words[fault] in refused["event"]


def test_a_stop_lets_the_running_request_finish(service: Service) -> None:
    slow = SlowRegistration(service)
    service.process.terminate()
    wait_until(lambda: not _is_open(service.port), what="new connections are refused")
    assert service.process.poll() is None
    assert slow.finish() == 201
    assert service.process.wait(20) == 0
    done = [event for event in service.events() if event["event"] == "request"]
    assert [(event["route"], event["status"]) for event in done] == [("/api/v1/projects", 201)]


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_stop_in_the_middle_of_a_reload_stops(service: Service) -> None:
    service.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: any(event["event"].startswith("Reloading") for event in service.events()),
        what="the reload has begun",
    )
    # Between two programs nobody listens to signals, and by default this one kills.
    service.process.terminate()
    assert service.process.wait(20) == 0
    assert not _is_open(service.port)

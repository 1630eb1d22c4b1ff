# SPDX-License-Identifier: Apache-2.0
"""The service as a real process: many clients at once, and kill -9 in the middle of an act."""

import concurrent.futures
import contextlib
import http.client
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.processes import QM, clean_environment, free_port, running_service

HEADER = "Project,Servers,MasterSpec,WebSpec\n"
COUNT = 400
#: Fractions of the time that the whole act takes, at which the service is killed.
MOMENTS = [0.02, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.97]


class Process:
    """The service on one database, to be killed and started again."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "serve.log"
        self._environment = clean_environment(
            QM_DATABASE_URL=f"sqlite:///{folder}/fleet.sqlite",
            QM_BIND=f"127.0.0.1:{port}",
            QM_CONFIG=str(folder / "config.ini"),
        )
        made = subprocess.run(
            [QM, "init"], env=self._environment, capture_output=True, text=True, check=True
        )
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {made.stdout.strip()}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [QM, "serve"],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._is_ready, what=f"the service is ready; see {self._log}")

    def kill(self) -> None:
        """End all processes of the service at once, as a power cut would."""
        assert self._process is not None
        subprocess.run(["pkill", "-9", "-s", str(self._process.pid)], check=False)
        self._process.wait(10)

    def _is_ready(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/health/ready", timeout=2).ok
        return False

    def get(self, path: str) -> Any:
        answer = self.session.get(self.url + path, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> requests.Response:
        return self.session.post(self.url + path, json=body, timeout=60)


def wait_until(is_done: Callable[[], bool], *, what: str, timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not is_done():
        assert time.monotonic() < deadline, f"not in time: {what}"
        pause.wait(0.05)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    process.start()
    yield process
    process.kill()


def test_of_a_hundred_registrations_of_one_node_exactly_one_wins(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        service.call(
            "POST", "/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/16"}
        )
        start = threading.Barrier(100)

        def register(number: int) -> tuple[int, int]:
            headers = {"Authorization": f"Bearer {service.token}"}
            statuses = []
            start.wait()
            for name in ("web-1", f"own-{number}"):
                body = {"node_id": name, "node_type": "web", "cluster_id": "main"}
                answer = requests.post(
                    f"{service.url}/api/v1/nodes", json=body, headers=headers, timeout=60
                )
                statuses.append(answer.status_code)
            return statuses[0], statuses[1]

        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            results = list(pool.map(register, range(100)))
        shared = [first for first, _ in results]
        assert sorted(set(shared)) == [201, 409]
        assert shared.count(201) == 1
        assert {second for _, second in results} == {201}
        nodes = service.call("GET", "/api/v1/nodes?limit=1000")["items"]
        assert len(nodes) == 101
        assert len({node["wireguard_ip"] for node in nodes}) == 101


def test_kill_9_in_the_middle_of_an_import_leaves_all_or_nothing(process: Process) -> None:
    process.post("/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/16"})
    body = {"content": f"{HEADER}warmup,{COUNT},cx22,cx22\n", "apply": True}
    begun = time.monotonic()
    assert process.post("/api/v1/imports", body).status_code == 201
    whole_s = time.monotonic() - begun
    outcomes = set()
    for number, moment in enumerate(MOMENTS):
        before = process.get("/api/v1/status")["revision"]
        name = f"shop{number}"
        content = f"{HEADER}{name},{COUNT},cx22,cx22\n"
        _post_and_kill(process, {"content": content, "apply": True}, after_s=whole_s * moment)
        process.start()
        nodes = process.get(f"/api/v1/nodes?limit=1000&project={name}")["items"]
        assert len(nodes) in (0, COUNT)
        assert process.get("/api/v1/status")["revision"] == before + (len(nodes) > 0)
        outcomes.add(len(nodes))
        # What was lost can be asked for again, and is whole then.
        assert process.post("/api/v1/imports", {"content": content, "apply": True}).ok
        again = process.get(f"/api/v1/nodes?limit=1000&project={name}")["items"]
        assert len(again) == COUNT
    assert 0 in outcomes, "no kill came in the middle: the test has shown nothing"


def _post_and_kill(process: Process, body: Any, *, after_s: float) -> None:
    def post() -> None:
        # The connection breaks when the service dies; that is the point.
        with contextlib.suppress(requests.RequestException, http.client.HTTPException):
            process.post("/api/v1/imports", body)

    thread = threading.Thread(target=post)
    thread.start()
    threading.Event().wait(after_s)
    process.kill()
    thread.join()


def test_the_service_ends_cleanly_when_it_is_told_to(process: Process) -> None:
    assert process._process is not None
    process._process.terminate()
    assert process._process.wait(30) == 0
    process.start()
    assert process.get("/api/v1/status")["revision"] == 1

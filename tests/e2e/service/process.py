# SPDX-License-Identifier: Apache-2.0
"""The service as a process that a test may stop, kill, start again and read the log of."""

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import requests

from tests.contract.processes import QM, STOP_S, clean_environment, make_database
from tests.ports import find_free_port

SQLITE = "sqlite:///"
#: As root, but as one to whom the modes of files apply.
HONEST_ROOT = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--")
#: A storm of requests is what these tests are made of.
UNLIMITED = {f"QM_LIMIT_{name}_PER_MIN": "0" for name in ("TOTAL", "ADDRESS", "ACCOUNT")}


class Process:
    """The service on one database, to be killed and started again."""

    def __init__(
        self, folder: Path, *, token: str | None = None, prefix: Sequence[str] = (), **settings: str
    ) -> None:
        port = find_free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log_file = folder / f"serve-{port}.log"
        self._prefix = prefix
        self._environment = clean_environment(
            **{
                "QM_DATABASE_URL": f"sqlite:///{folder}/fleet.sqlite",
                "QM_BIND": f"127.0.0.1:{port}",
                "QM_CONFIG": str(folder / "config.ini"),
                **UNLIMITED,
                **settings,
            }
        )
        self.token = token or self._make_token()
        self.session = self.make_session()
        self._process: subprocess.Popen[bytes] | None = None

    def _make_token(self) -> str:
        url = self._environment["QM_DATABASE_URL"]
        if url.startswith(SQLITE):
            return make_database(Path(url.removeprefix(SQLITE)))
        made = subprocess.run(
            [QM, "init"], env=self._environment, capture_output=True, text=True, check=True
        )
        return made.stdout.strip()

    def make_session(self) -> requests.Session:
        """Return a client with the token; each thread needs its own."""
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.token}"
        return session

    @property
    def pid(self) -> int:
        """Return the id of the process that starts the others."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, path: str = "/health/ready") -> None:
        """Start the service and wait until a path answers 200."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix, QM, "serve"],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: self.status(path) == 200, what=f"{path}; see {self.log_file}")

    def stop(self) -> int:
        """Tell the service to end, and return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(STOP_S)

    def kill(self) -> None:
        """End all processes of the service at once, as a power cut would."""
        assert self._process is not None
        subprocess.run(["pkill", "-9", "-s", str(self._process.pid)], check=False)
        self._process.wait(10)

    def freeze(self) -> None:
        """Give no processor to the service any more; only its end is possible from here on."""
        subprocess.run(["pkill", "-STOP", "-s", str(self.pid)], check=True)

    def status(self, path: str) -> int | None:
        """Return the status that a path answers, or None where nobody listens."""
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(self.url + path, timeout=15).status_code
        return None

    def get(self, path: str) -> Any:
        answer = self.session.get(self.url + path, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> requests.Response:
        return self.session.post(self.url + path, json=body, timeout=60)

    def patch(self, path: str, body: Any) -> requests.Response:
        return self.session.patch(self.url + path, json=body, timeout=60)

    def logged(self, event: str, **fields: str) -> list[dict[str, Any]]:
        """Return the log's records of one event."""
        lines = self.log_file.read_text("utf-8").splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [
            record
            for record in found
            if record.get("event") == event
            and all(record.get(name) == value for name, value in fields.items())
        ]


def wait_until(is_done: Callable[[], bool], *, what: str, timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not is_done():
        assert time.monotonic() < deadline, f"not in time: {what}"
        pause.wait(0.05)

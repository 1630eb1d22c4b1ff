# SPDX-License-Identifier: Apache-2.0
"""The client of a real service, and of a loopback server with prepared answers."""

import json
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from inventory_service.client import Client, Target
from inventory_service.core.actors import Scope
from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.usecases.claims import take_runs
from tests.service.cli.commands.conftest import recorder, settings
from tests.service.cli.conftest import Service, home, service
from tests.service.runs.routes.conftest import LEASE, Recorder, make_play

__all__ = ["home", "recorder", "service", "settings"]

#: The client is the same whatever database the service has.
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NODE = Target("node", "web-1")
#: A prepared answer after which the server closes the connection without a word.
DROPPED: tuple[int, dict[str, str], bytes] = (0, {}, b"")

Serve = Callable[..., "Prepared"]


class Prepared(Client):
    """The client of a server with prepared answers; it keeps what that saw, and its own pauses."""

    def __init__(self, url: str, seen: list[tuple[str, dict[str, str]]]) -> None:
        self.seen = seen
        self.pauses: list[float] = []
        self.notices: list[str] = []
        super().__init__(
            url, "qm_token", pause=self.pauses.append, notice=self.notices.append, door="cli"
        )


@pytest.fixture
def api(service: Service) -> Client:
    """Return the client of a real service, as an admin."""
    return Client(service.url, service.tokens[Scope.ADMIN])


@pytest.fixture
def operator(service: Service) -> Client:
    """Return the client of the same service, as an operator."""
    return Client(service.url, service.tokens[Scope.OPERATOR])


@pytest.fixture
def fleet(api: Client) -> Client:
    """Return the client of a service with two active nodes, one planned one, and a template."""
    api.clusters.register("main", mesh_prefix="10.90.0.0/28")
    for name in ("web-1", "web-2", "web-3"):
        address = f"10.0.0.{name[-1]}"
        api.nodes.register(name, node_type="web", cluster_id="main", internal_ip=address)
    for name in ("web-1", "web-2"):
        api.nodes.move(name, "provisioning")
        api.nodes.move(name, "active")
    api.templates.register("shop", playbook="playbooks/site.yml")
    return api


@pytest.fixture
def worker(database: Database, recorder: Recorder) -> Iterator[None]:
    """Take each run that is ordered, and end it well: what a worker does, without Ansible."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(0.05):
            with database.writing() as session:
                taken = take_runs(session, "here", owner="1:2:3", slots=10, lease=LEASE)
            for one in taken:
                recorder.taken[one.run_id] = one
                recorder.begin(one.run_id)
                recorder.add(one.run_id, make_play())
                log = [zlib.compress(b"line 1\n")]
                recorder.end(one.run_id, RunState.SUCCESSFUL, log=log)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    is_over.set()
    thread.join()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that gives prepared answers and keeps the requests that it saw."""
    servers = []

    def start(*answers: tuple[int, dict[str, str], bytes]) -> Prepared:
        rest = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
                status, headers, body = rest.pop(0)
                if not status:
                    return
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PATCH = do_GET  # noqa: N815 (the names that http.server calls)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        server.seen = []  # type: ignore[attr-defined]
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return Prepared(f"http://127.0.0.1:{server.server_port}", server.seen)  # type: ignore[attr-defined]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answer(status: int, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return status, headers, json.dumps(body).encode()


def later(status: int, wait_s: object) -> tuple[int, dict[str, str], bytes]:
    return answer(status, {"detail": "Not now"}, **{"Retry-After": str(wait_s)})

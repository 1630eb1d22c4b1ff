# SPDX-License-Identifier: Apache-2.0
"""A loopback server with prepared answers, and the client of the service that asks it."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from inventory_service.cli.client.http import Api, Target
from inventory_service.cli.client.profiles import Connection

NODE = Target("node", "web-1")
#: A prepared answer after which the server closes the connection without a word.
DROPPED: tuple[int, dict[str, str], bytes] = (0, {}, b"")

Serve = Callable[..., Api]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that gives prepared answers and keeps the requests that it saw."""
    servers = []

    def start(*answers: tuple[int, dict[str, str], bytes]) -> Api:
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
        pauses: list[float] = []
        connection = Connection(f"http://127.0.0.1:{server.server_port}", "qm_token")
        api = Api(connection, pause=pauses.append)
        api.seen, api.pauses = server.seen, pauses  # type: ignore[attr-defined]
        return api

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answer(status: int, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return status, headers, json.dumps(body).encode()

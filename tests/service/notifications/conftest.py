# SPDX-License-Identifier: Apache-2.0
"""Receivers of messages on this machine, and a service that may send to them."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from inventory_service.settings import Settings


@dataclass
class Heard:
    """A request that a receiver heard."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What hears messages, and answers as a test wants."""

    port: int = 0
    status: int = 200
    location: str = ""
    body: bytes = b"ok"
    heard: list[Heard] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/sentinel-path"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.heard.append(Heard(self.path, dict(self.headers), body))
            self.send_response(found.status)
            if found.location:
                self.send_header("Location", found.location)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        do_GET = do_POST  # noqa: N815 - the names of http.server

        def log_message(self, *_words: object) -> None:
            """Keep the output of the tests clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    from inventory_service.core.encryption import make_key  # noqa: PLC0415 (rules are tested without it)
    from inventory_service.settings import Settings  # noqa: PLC0415 (rules are tested without it)

    key = tmp_path / "secret.key"
    make_key(key)
    return Settings(
        database_url=database_url,
        secret_key_file=key,
        notify_allow="127.0.0.0/8",
        run_url="https://qm.example",
    )

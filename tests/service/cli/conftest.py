# SPDX-License-Identifier: Apache-2.0
"""A real service on a free port, and `qm` as a person or a program calls it."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from werkzeug.serving import make_server

from inventory_service.cli import main
from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.engine import Database
from inventory_service.identity.domain.tokens import TokenRequest
from inventory_service.identity.usecases.tokens import create_token
from inventory_service.settings import Settings

Qm = Callable[..., Result]
Ask = Callable[..., Any]


@dataclass(frozen=True)
class Service:
    """A running service and one token a scope."""

    url: str
    tokens: dict[Scope, str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a developer's own profile file out of the tests."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Keep the service's log out of the output of the command: they share a process here."""
    return Settings(database_url=database_url, log_level="error")


@pytest.fixture
def service(app: Flask, database: Database) -> Iterator[Service]:
    """Serve a fleet of its own to each test, over HTTP."""
    actor = Actor("tests", Channel.CLI, Scope.ADMIN)
    with database.writing() as session:
        tokens = {
            scope: create_token(session, actor, TokenRequest(name=scope.value, scope=scope))[1]
            for scope in Scope
        }
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Service(f"http://127.0.0.1:{server.server_port}", tokens)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def qm(service: Service) -> Qm:
    """Return `qm(*words, scope=…, stdin=…)`: the command run against the service."""

    def run(*words: str, scope: Scope | None = Scope.ADMIN, stdin: str | bytes = "") -> Result:
        environment = {"QM_URL": service.url, "QM_TOKEN": service.tokens[scope] if scope else ""}
        return CliRunner(env=environment).invoke(main, list(words), input=stdin)

    return run


@pytest.fixture
def ask(qm: Qm) -> Ask:
    """Return `ask(*words)`: the parsed output of a command with `--json` that must succeed."""

    def run(*words: str, **options: Any) -> Any:
        at = words.index("--") if "--" in words else len(words)
        result = qm(*words[:at], "--json", *words[at:], **options)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


@pytest.fixture
def mesh(ask: Ask) -> str:
    """Return the name of a cluster that nodes can join."""
    made = ask("cluster", "add", "main", "--mesh-prefix", "10.90.0.0/28")
    return str(made["cluster_id"])

# SPDX-License-Identifier: Apache-2.0
"""A process that is asked to stop accepts nobody, and answers the request that has begun."""

import signal
import socket
import time
from pathlib import Path

import pytest

from inventory_service.core.actors import Scope
from inventory_service.core.database.engine import Database
from inventory_service.identity.domain.tokens import TokenRequest
from inventory_service.identity.usecases.tokens import create_token
from inventory_service.runs.models.runs import Run
from inventory_service.runs.routes.reports import MOST_WAIT_S
from tests.service.conftest import ACTOR
from tests.service.server.programs import (
    DEADLINE_S,
    get_status,
    is_listening,
    serving,
    wait_until,
)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_answers_the_request_that_has_begun(tmp_path: Path, stop: signal.Signals) -> None:
    with serving(tmp_path / "none.sqlite", processes=1) as (service, port):
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as begun:
            begun.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n")
            # Accepted later: once this one is answered, the process has the other one, too.
            assert get_status(port) == 200
            service.send_signal(stop)
            wait_until(lambda: not is_listening(port))
            begun.sendall(b"\r\n")
            with begun.makefile("rb") as answer:
                head, _, body = answer.read().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nConnection: close\r\n" in head + b"\r\n"
        assert body == b'{"status":"live"}'
        assert service.wait(DEADLINE_S) == 0


@pytest.mark.parametrize("processes", [1, 2])
def test_signals_that_ask_for_what_the_service_does_not_do_change_nothing(
    tmp_path: Path, processes: int
) -> None:
    with serving(tmp_path / "none.sqlite", processes=processes) as (service, port):
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU):
            service.send_signal(number)
        assert get_status(port) == 200
        service.send_signal(signal.SIGTERM)
        assert service.wait(DEADLINE_S) == 0


def test_idle_connections_do_not_hold_a_stop_up(tmp_path: Path) -> None:
    with serving(tmp_path / "none.sqlite", processes=1) as (service, port):
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as idle:
            assert get_status(port) == 200
            service.send_signal(signal.SIGTERM)
            assert idle.recv(1) == b""
        assert service.wait(DEADLINE_S) == 0


def test_who_waits_for_a_run_is_answered_at_a_stop(tmp_path: Path, template: Path) -> None:
    path = tmp_path / "fleet.sqlite"
    path.write_bytes(template.read_bytes())
    token = submit_run(path)
    with serving(path, processes=1) as (service, port):
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as waiting:
            request = f"GET /api/v1/runs/1/events?wait={MOST_WAIT_S} HTTP/1.1\r\nHost: a\r\n"
            waiting.sendall(f"{request}Authorization: Bearer {token}\r\n\r\n".encode())
            assert get_status(port) == 200
            begun = time.monotonic()
            service.send_signal(signal.SIGTERM)
            assert waiting.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
        assert service.wait(DEADLINE_S) == 0
        assert time.monotonic() - begun < MOST_WAIT_S / 2


def submit_run(path: Path) -> str:
    """Order a run of a template that each service has, and return the token of who may see it."""
    database = Database(f"sqlite:///{path}")
    run = Run(
        template="site",
        playbook="quartermaster.fleet.site",
        limit="",
        hosts=["web-1"],
        options={},
        variables={},
        answers={},
        locks={},
        is_idempotent=False,
    )
    with database.writing() as session:
        run.submit(session, ACTOR, None)
        _, token = create_token(session, ACTOR, TokenRequest(name="reader", scope=Scope.VIEWER))
    database.engine.dispose()
    return token

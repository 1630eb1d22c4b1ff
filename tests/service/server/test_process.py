# SPDX-License-Identifier: Apache-2.0
"""A process that is asked to stop accepts nobody, and answers the request that has begun."""

import signal
import socket
from pathlib import Path

import pytest

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

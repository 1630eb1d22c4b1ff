# SPDX-License-Identifier: Apache-2.0
"""Listening sockets are taken from the service manager by its protocol, or opened at QM_BIND."""

import os
import socket
from pathlib import Path

import pytest

from inventory_service.server import sockets
from inventory_service.settings import Settings


def test_without_a_manager_the_address_is_bound() -> None:
    (listener,) = sockets.open_listeners(Settings(bind="127.0.0.1:0"))
    with listener:
        assert sockets.describe(listener).startswith("127.0.0.1:")
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


def test_an_address_in_use_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        sockets.open_listeners(Settings(bind=sockets.describe(taken)))


def test_a_host_that_is_no_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="idna"):
        sockets.open_listeners(Settings(bind=f"{'a' * 64}:0"))


def test_sockets_that_were_handed_over_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as original:
        fd = os.dup(original.fileno())
        monkeypatch.setattr(sockets, "_FIRST_HANDED_FD", fd)
        monkeypatch.setenv("LISTEN_FDS", "1")
        monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
        (listener,) = sockets.open_listeners(Settings(bind="127.0.0.1:1"))
        with listener:
            assert sockets.describe(listener) == sockets.describe(original)


def test_sockets_for_another_process_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    (listener,) = sockets.open_listeners(Settings(bind="127.0.0.1:0"))
    listener.close()


def test_the_manager_is_told_that_the_service_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sockets.notify_ready()
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        sockets.notify_ready()
        assert receiver.recv(64) == b"READY=1"

# SPDX-License-Identifier: Apache-2.0
"""A service in processes of its own, on a socket that the test has opened for it."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

DEADLINE_S = 60
SCRIPT = """
import socket, sys
from inventory_service.server.serving import serve
from inventory_service.settings import Settings
listener = socket.socket(fileno=int(sys.argv[1]))
sys.exit(0 if serve(Settings(), [listener], processes=int(sys.argv[2])) else 3)
"""


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextlib.contextmanager
def serving(path: Path, *, processes: int) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Give a service that answers, and its port; the database may be missing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        service = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(listener.fileno()), str(processes)],
            pass_fds=[listener.fileno()],
            env=os.environ | {"QM_DATABASE_URL": f"sqlite:///{path}"},
            stderr=subprocess.DEVNULL,
        )
    try:
        assert get_status(port) == 200
        yield service, port
    finally:
        service.kill()
        service.wait()


def get_status(port: int) -> int:
    """Return the status of an answer on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    with contextlib.closing(connection):
        connection.request("GET", "/health/live")
        with connection.getresponse() as answer:
            return answer.status


def is_listening(port: int) -> bool:
    # The reset comes to who connects in the moment in which the listener closes.
    with contextlib.suppress(ConnectionRefusedError, ConnectionResetError):
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S).close()
        return True
    return False

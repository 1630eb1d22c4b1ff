# SPDX-License-Identifier: Apache-2.0
"""The listening sockets: handed over by systemd, so that they outlive the process, or our own."""

import os
import socket

from inventory_service.settings import Settings, read_service_manager

_FIRST_HANDED_FD = 3
_BACKLOG = 1024


def open_listeners(settings: Settings) -> list[socket.socket]:
    """Return the sockets to accept connections from (sd_listen_fds(3), else QM_BIND).

    :raises OSError: the address can't be listened on.
    :raises ValueError: the host can't be the name of one.
    """
    manager = read_service_manager()
    if manager.listen_pid == os.getpid():
        fds = range(_FIRST_HANDED_FD, _FIRST_HANDED_FD + manager.listen_fds)
        return [socket.socket(fileno=fd) for fd in fds]
    host, _, port = settings.bind.rpartition(":")
    family, _, _, _, address = socket.getaddrinfo(
        host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return [socket.create_server(address[:2], family=family, backlog=_BACKLOG)]


def describe(listener: socket.socket) -> str:
    """Return the address of a listening socket, as QM_BIND has it."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def notify_ready() -> None:
    """Report to systemd that the service has started (sd_notify(3)); elsewhere nothing happens."""
    path = read_service_manager().notify_socket
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            # A leading @ means an abstract address.
            sender.connect(path.replace("@", "\0", 1) if path.startswith("@") else path)
            sender.sendall(b"READY=1")

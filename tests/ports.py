# SPDX-License-Identifier: Apache-2.0
"""A port for a service that a test starts in a moment; `python -m tests.ports` prints one."""

import contextlib
import secrets
import socket
import sys
from pathlib import Path

#: Below it, services of this machine have their ports.
FIRST = 10_000
#: Which ports the kernel gives to outgoing connections; ip(7).
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def find_free_port() -> int:
    """Return a port of the loopback that nobody uses, and that no outgoing connection will get.

    Until the service has it, only who asks for this very one could take it.
    """
    first, last = map(int, OUTGOING.read_text("utf-8").split())
    every = range(FIRST, 1 << 16)
    # Where the kernel gives all of them away, that is as sure as it can be.
    ports = [port for port in every if not first <= port <= last] or every
    for port in secrets.SystemRandom().sample(ports, len(ports)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there is no free port")


if __name__ == "__main__":
    sys.stdout.write(f"{find_free_port()}\n")

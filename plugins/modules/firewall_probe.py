# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask from a host which ports of others it reaches."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_probe
short_description: Ask which ports of other hosts are reached from this one
version_added: 0.1.0
description:
  - Tries to open a TCP connection to each target, many at once, and returns how each was answered.
    Nothing is sent through it. Changes nothing.
  - Who refuses by ICMP may be sparing with it, as Linux is (C(net.ipv4.icmp_ratelimit)), so that a
    refused port can be V(silent) as well as V(refused).
author:
  - The Quartermaster maintainers (@quartermaster)
extends_documentation_fragment:
  - quartermaster.fleet.probe
options:
  targets:
    description: What is asked, each an address and a port. Who is C(allowed) to be reached and
      V(silent) is asked once more, for 6 seconds at least, since a tunnel of WireGuard that both
      ends begin at once comes about after 5. Other keys of a target come back with its answer.
    type: list
    elements: dict
    required: true
  timeout:
    default: 3
seealso:
  - module: quartermaster.fleet.firewall_rules
"""

EXAMPLES = r"""
- name: The database is asked
  quartermaster.fleet.firewall_probe:
    targets:
      - address: 10.8.0.2
        port: 5432
"""

RETURN = r"""
probes:
  description: The targets, each with its answer.
  returned: success
  type: list
  elements: dict
  contains:
    answer:
      description: V(open) if somebody listens, V(closed) if the host replies that nobody does,
        V(refused) if a firewall or router refuses by ICMP, V(silent) if nothing came in time.
      type: str
code:
  description: Kind of the failure, V(refused) for options that were refused before anybody was
    asked.
  returned: failure
  type: str
"""

import errno
import ipaddress
import selectors
import socket
import time
import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)

AT_ONCE = 200
PORT_MAX = 65535
AGAIN_S = 6
"""Two ends of a tunnel that begin at once try again after 5 s and a third (wireguard.com, 6.1)."""
# Have ICMP messages kept with the socket: Linux, include/uapi/linux/in.h and in6.h. Python names
# them from 3.14 on.
IP_RECVERR = 11
IPV6_RECVERR = 25


class FirewallProbe(FleetModule):
    """A list of questions to others."""

    represent = "probes"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        "targets": {"type": "list", "elements": "dict", "required": True},
        "timeout": {"type": "int", "default": 3},
    }

    def __init__(self) -> None:
        super().__init__()
        self._answers: list[str] = []

    def ask(self) -> None:
        """Ask all targets, some hundred at once."""
        if self.params["timeout"] < 1:
            raise _refused(
                f"timeout {self.params['timeout']} is no time to answer; it is at least 1"
            )
        targets = [self._endpoint(target) for target in self.params["targets"]]
        self._answers = _ask(targets, self.params["timeout"])
        missed = [
            index
            for index, target in enumerate(self.params["targets"])
            if target.get("allowed") and self._answers[index] == "silent"
        ]
        again = _ask([targets[index] for index in missed], max(self.params["timeout"], AGAIN_S))
        for index, answer in zip(missed, again):  # noqa: B905 - same length; hosts may run Python 3.9
            self._answers[index] = answer

    @staticmethod
    def _endpoint(target: t.Mapping[str, t.Any]) -> tuple[str, int]:
        try:
            address, port = str(target["address"]), int(target["port"])
            ipaddress.ip_address(address.partition("%")[0])
        except (KeyError, TypeError, ValueError):
            raise _refused(f"a target has an address and a port; {target} has not") from None
        if not 1 <= port <= PORT_MAX:
            raise _refused(f"{port} is no port; those of TCP are 1 to {PORT_MAX}")
        return address, port

    def _prepare_result(self) -> list[dict[str, t.Any]]:
        return [
            {**target, "answer": answer}
            for target, answer in zip(self.params["targets"], self._answers)  # noqa: B905 - same length; hosts may run Python 3.8
        ]


def _refused(reason: str) -> Failure:
    return Failure(f"refused, nobody was asked: {reason}", code="refused")


def _ask(targets: t.Sequence[tuple[str, int]], timeout_s: float) -> list[str]:
    """Return how each target answers, of which some hundred are asked at once."""
    answers: list[str] = []
    for first in range(0, len(targets), AT_ONCE):
        answers += ask_all(targets[first : first + AT_ONCE], timeout_s)
    return answers


def ask_all(targets: t.Sequence[tuple[str, int]], timeout_s: float) -> list[str]:
    """Return how each target answers to an attempt to connect."""
    answers = ["silent"] * len(targets)
    deadline = time.monotonic() + timeout_s
    with selectors.DefaultSelector() as selector:
        for index, (address, port) in enumerate(targets):
            attempt = _open(address)
            code = attempt.connect_ex((address, port))
            if code == errno.EINPROGRESS:
                selector.register(attempt, selectors.EVENT_WRITE, index)
            else:
                answers[index] = _name(code)
                attempt.close()
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _events in selector.select(left):
                answered = t.cast("socket.socket", key.fileobj)
                answers[key.data] = read_answer(answered)
                selector.unregister(answered)
                answered.close()
        for key in list(selector.get_map().values()):
            t.cast("socket.socket", key.fileobj).close()
    return answers


def _open(address: str) -> socket.socket:
    """Return a socket that does not wait, and keeps the ICMP messages that it is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    attempt = socket.socket(family, socket.SOCK_STREAM)
    attempt.setblocking(False)
    if family == socket.AF_INET6:
        attempt.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        attempt.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    return attempt


def read_answer(attempt: socket.socket) -> str:
    """Return how an attempt to connect was answered, once its socket woke us.

    Linux queues an ICMP message with the socket, which wakes us, and only then writes the error
    that SO_ERROR returns (tcp_v4_err in net/ipv4/tcp_ipv4.c). Read in between, SO_ERROR is 0, as it
    is for a connection. So the queue is read first: it also distinguishes a firewall that sends
    "port unreachable" from a host that nobody listens on. And only a peer proves a connection.
    """
    if _has_icmp_error(attempt):
        return "refused"
    code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return _name(code) if code or _has_peer(attempt) else "refused"


def _has_icmp_error(attempt: socket.socket) -> bool:
    try:
        attempt.recvmsg(1, 0, socket.MSG_ERRQUEUE)
    except OSError:
        # The queue is empty.
        return False
    return True


def _has_peer(attempt: socket.socket) -> bool:
    try:
        attempt.getpeername()
    except OSError:
        return False
    return True


def _name(code: int) -> str:
    """Return an error of connect(2) as an answer."""
    if code == 0:
        return "open"
    return {errno.ECONNREFUSED: "closed", errno.ETIMEDOUT: "silent"}.get(code, "refused")


def main() -> None:
    """Ask."""
    probe = FirewallProbe()
    probe.run(probe.ask)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic out of a host that reaches only what its zones say: refused at once; answers go on."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

from tests.e2e.firewall.conftest import HAS_IPV6, wait_for

pytestmark = pytest.mark.hosts

SERVICE, OTHER = 8080, 8081
DNS, NTP, MDNS = 53, 123, 5353
UNIT = "echo.service"
# Answers each datagram of these ports by itself.
ECHO = f"""
import selectors, socket
with selectors.DefaultSelector() as waiting:
    for port in ({DNS}, {NTP}, {MDNS}):
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.bind(("0.0.0.0", port))
        waiting.register(line, selectors.EVENT_READ)
    while True:
        for key, _events in waiting.select():
            key.fileobj.sendto(*key.fileobj.recvfrom(99))
"""
# How a datagram is answered: by another one, by an error, or by nobody.
SEND = """
import socket, sys
for port in sys.argv[2:]:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.settimeout(2)
    try:
        line.connect((sys.argv[1], int(port)))
        line.send(b"?")
        line.recv(99)
        print("answered")
    except TimeoutError:
        print("silent")
    except OSError:
        print("refused")
"""
# One try: what it cannot reach it says at once. Without lists it has to fetch them.
APT = (
    "rm -rf /var/lib/apt/lists/* && apt-get update -q -o Acquire::Retries=0"
    " -o APT::Update::Error-Mode=any"
)
# A mirror may fail us once where it should answer.
PATIENT_APT = " || ".join([f"({APT})"] * 3)
SSH = {"comment": "ssh", "tcp": ["22"]}


def datagrams(source: t.Any, address: str, *ports: int) -> list[str]:
    """Return how datagrams to the ports of an address are answered."""
    asked = " ".join(map(str, (address, *ports)))
    return t.cast("list[str]", source.sh(f"python3 -c '{SEND}' {asked}").split())


@pytest.fixture(scope="module")
def echo(stranger: t.Any) -> Iterator[t.Any]:
    """Return the stranger, who answers datagrams."""
    stranger.sh(f"systemd-run -q --unit={UNIT} python3 -c '{ECHO}'")
    wait_for(lambda: datagrams(stranger, "127.0.0.1", MDNS) == ["answered"], 10)
    yield stranger
    stranger.sh(f"systemctl stop {UNIT}")


def test_what_zones_reach_leaves_and_all_else_is_refused_at_once(host: t.Any, echo: t.Any) -> None:
    addresses = [echo.address, *([echo.address_v6] if HAS_IPV6 else [])]
    reach = [
        {"comment": "service", "destinations": addresses, "tcp": [str(SERVICE)], "udp": [str(NTP)]},
        {"comment": "elsewhere", "destinations": ["192.0.2.0/24"], "tcp": [str(OTHER)]},
    ]

    host.keep(rules=[SSH], reach=reach, outbound="drop")

    assert not host.ask(rules=[SSH], reach=reach, outbound="drop")["changed"]
    for address in addresses:
        # The firewall's word and not silence: a program is told, and does not wait.
        assert host.answers(address, SERVICE, OTHER) == ["closed", "refused"]
        assert echo.answers(host.address, 22, 80) == ["open", "silent"]
    assert datagrams(host, echo.address, NTP, MDNS) == ["answered", "refused"]
    assert "1 received" in host.sh(f"ping -n -c1 -w5 {echo.address}")
    assert "1 received" in echo.sh(f"ping -n -c1 -w5 {host.address}")


def test_names_time_and_packages_are_reached_whatever_the_zones_say(
    host: t.Any, echo: t.Any
) -> None:
    code, output = host.run(firewall_outbound="drop")

    assert code == 0, output
    assert datagrams(host, echo.address, DNS, NTP, MDNS) == ["answered", "answered", "refused"]
    assert host.answers(echo.address, DNS, 80, 443, SERVICE) == [*["closed"] * 3, "refused"]
    # The engine's resolver asks for names out of the host's own network, so through our rules.
    host.sh(PATIENT_APT)


def test_a_node_that_asks_the_service_itself_has_to_be_let_out_to_it(
    host: t.Any, echo: t.Any
) -> None:
    service = {"to": [echo.address], "tcp": [SERVICE]}
    zone = {"name": "reporting", "members": ["web"], "allow": [], "reach": [service]}
    names = [{"to": ["any"], "udp": [DNS]}]

    # SSH is confirmed though nothing but names may leave.
    alone = host.run(firewall_outbound="drop", firewall_reach_always=names)
    before = host.answers(echo.address, SERVICE, 80)
    packages = host.sh(f"{APT} || echo failed", check=False)
    named = host.run(firewall_outbound="drop", firewall_extra_zones=[zone])

    assert (alone[0], named[0]) == (0, 0), alone[1] + named[1]
    assert before == ["refused", "refused"]
    assert packages.rstrip().endswith("failed")
    assert host.answers(echo.address, SERVICE, OTHER) == ["closed", "refused"]

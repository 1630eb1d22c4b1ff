# SPDX-License-Identifier: Apache-2.0
"""Hosts are looked up once for each message, and names of one's own not at all."""

import socket
from collections.abc import Sequence

import pytest

from inventory_service.core.errors import BadInput
from inventory_service.notifications.domain.destinations import Allowance, parse_destination
from inventory_service.notifications.senders.addresses import Addresses, resolve

HOOK = parse_destination("https://hook.example/sentinel")


def test_the_checked_addresses_are_those_to_connect_to() -> None:
    asked: list[tuple[str, int]] = []

    def answer(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["93.184.216.34", "2606:4700::1111"]

    found = Addresses(Allowance(), answer).find(HOOK)
    assert [str(address) for address in found] == ["93.184.216.34", "2606:4700::1111"]
    assert asked == [("hook.example", 443)]


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError(), TimeoutError()])
def test_a_host_without_an_address_is_refused(error: Exception) -> None:
    def fail(_host: str, _port: int) -> Sequence[str]:
        raise error

    with pytest.raises(BadInput, match=r"https://hook.example has no address") as refusal:
        Addresses(Allowance(), fail).find(HOOK)
    assert "sentinel" not in refusal.value.detail


def test_a_zone_does_not_hide_an_address() -> None:
    with pytest.raises(BadInput, match="never"):
        Addresses(Allowance(), lambda _host, _port: ["fe80::1%eth0"]).find(HOOK)


def test_names_of_ones_own_are_not_looked_up() -> None:
    def refuse(_host: str, _port: int) -> Sequence[str]:
        raise AssertionError("it looks it up")

    with pytest.raises(BadInput, match="QM_NOTIFY_ALLOW"):
        Addresses(Allowance(), refuse).find(parse_destination("https://db.internal/"))


def test_the_resolver_of_this_machine_is_asked() -> None:
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]

# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answers pings of which size, on a network that is played by a ping of this file."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import Invalid
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.probes import (
    Answer,
    ask,
    parse_target,
)

FAKE_PING = """#!/bin/sh
for word do
    case $before in -s) size=$word ;; -M) whole=yes ;; esac
    before=$word
done
case $word in *:*) size=$((size + 48)) ;; *) size=$((size + 28)) ;; esac
carried=0
if test -e {network}/$word; then read -r carried <{network}/$word; fi
test $carried -gt 0 && {{ test -z "$whole" || test $size -le $carried; }}
"""
B = {"name": "b", "address": "10.90.0.2", "endpoint": "192.0.2.2:51820"}
C = {"name": "c", "address": "fd00:90::3", "endpoint": "[2001:db8::3]:51820"}

Ask = t.Callable[[dict[str, int]], list[Answer]]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return how b and c answer on a network that carries so many bytes to each address."""
    network, ping = tmp_path / "network", tmp_path / "ping"
    network.mkdir()
    ping.write_text(FAKE_PING.format(network=network))
    ping.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    def play(carried: dict[str, int]) -> list[Answer]:
        for address, size in carried.items():
            (network / address).write_text(f"{size}\n")
        return ask([parse_target(B), parse_target(C)], 1420, 1)

    return play


def test_who_answers_full_packets_inside_and_outside_is_whole(asked: Ask) -> None:
    carried = {"10.90.0.2": 1420, "192.0.2.2": 1480, "fd00:90::3": 1420, "2001:db8::3": 1500}

    assert asked(carried) == [Answer("whole"), Answer("whole")]


def test_who_answers_nothing_is_silent_and_nobody_elses_matter(asked: Ask) -> None:
    assert asked({"10.90.0.2": 1420, "192.0.2.2": 1500}) == [Answer("whole"), Answer("silent")]


def test_an_endpoint_that_answers_no_ping_tells_nothing(asked: Ask) -> None:
    assert asked({"10.90.0.2": 1420, "fd00:90::3": 1420}) == [Answer("whole"), Answer("whole")]


@pytest.mark.parametrize("largest", [1280, 1281, 1350, 1418, 1419])
def test_the_largest_packet_through_the_tunnel_is_found(asked: Ask, largest: int) -> None:
    found = asked({"10.90.0.2": largest, "192.0.2.2": 1500, "fd00:90::3": 1420})

    assert found == [Answer("narrow", largest), Answer("whole")]


def test_a_tunnel_whose_packets_are_cut_outside_of_it_is_narrow(asked: Ask) -> None:
    """WireGuard lets the sending host cut its packets; the mesh seems to work, and is slow."""
    carried = {"10.90.0.2": 1420, "192.0.2.2": 1479, "fd00:90::3": 1420, "2001:db8::3": 1460}

    assert asked(carried) == [Answer("narrow", 1419), Answer("narrow", 1380)]


def test_less_than_any_interface_may_have_is_named_as_none(asked: Ask) -> None:
    assert asked({"10.90.0.2": 900}) == [Answer("narrow", None), Answer("silent")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "-f"},
        {"address": "10.90.0.2; reboot"},
        {"address": None},
        {"address": "10.90.0.2", "endpoint": "b:51820"},
        {"address": "10.90.0.2", "endpoint": "-f:1"},
    ],
)
def test_what_is_no_address_is_never_asked(wrong: dict[str, t.Any]) -> None:
    with pytest.raises(Invalid):
        parse_target({"name": "b", **wrong})


def test_a_peer_may_have_either_of_two_keys() -> None:
    assert parse_target({**B, "public_key": "one", "next_public_key": "two"}).keys == ("one", "two")
    assert parse_target(B).keys == ()

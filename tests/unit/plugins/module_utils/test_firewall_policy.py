# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is let in by the options of `firewall_rules`, and the table that says so."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall_policy import (
    Refused,
    parse_policy,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall_table import render


def options(*rules: dict[str, t.Any], **changes: t.Any) -> dict[str, t.Any]:
    return {
        "rules": list(rules),
        "mesh_interface": "wg0",
        "mesh_prefix": "10.90.0.0/24",
        "mesh_port": 51820,
        "forward": "accept",
        **changes,
    }


SSH = {"comment": "ssh", "sources": ["10.90.0.0/24", "198.51.100.7", "fd00::7"], "tcp": ["22"]}


@pytest.mark.parametrize(
    ("source", "interface", "port", "is_let_in"),
    [
        ("198.51.100.7", "eth0", 22, True),
        ("198.51.100.8", "eth0", 22, False),
        ("198.51.100.7", "eth0", 23, False),
        ("fd00::7", "eth0", 22, True),
        ("10.90.0.9", "wg0", 22, True),
        # Somebody who poses as a peer.
        ("10.90.0.9", "eth0", 22, False),
    ],
)
def test_a_packet_is_let_in_by_source_interface_and_port(
    source: str, interface: str, port: int, *, is_let_in: bool
) -> None:
    policy = parse_policy(options(SSH))

    assert policy.allows(ipaddress.ip_address(source), interface, "tcp", port) == is_let_in
    assert not policy.allows(ipaddress.ip_address(source), interface, "udp", port)


def test_each_family_has_its_own_line_in_the_table() -> None:
    text = render(parse_policy(options(SSH)))

    assert 'ip saddr { 10.90.0.0/24, 198.51.100.7 } tcp dport { 22 } accept comment "ssh"' in text
    assert 'ip6 saddr { fd00::7 } tcp dport { 22 } accept comment "ssh"' in text
    assert text.index("drop comment") < text.index('accept comment "ssh"')


def test_only_our_own_table_is_named() -> None:
    text = render(parse_policy(options(SSH)))

    assert "flush" not in text
    assert {line for line in text.splitlines() if "table " in line} == {
        "table inet quartermaster",
        "delete table inet quartermaster",
        "table inet quartermaster {",
    }


def test_forwarding_is_left_alone_unless_asked_for() -> None:
    assert "forward" not in render(parse_policy(options(SSH)))
    assert "hook forward" in render(parse_policy(options(SSH, forward="drop")))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"mesh_port": 70000}, "mesh_port 70000 is not within"),
        ({"mesh_prefix": "10.90.0.1/24"}, "has host bits set"),
        ({"mesh_interface": 'wg0" accept'}, "is no name of an interface"),
        ({"rules": [{"comment": 'x" drop', "tcp": ["1"]}]}, "plain letters"),
        ({"rules": [{"comment": "x", "tcp": ["a"]}]}, "'a' is no port"),
        ({"rules": [{"comment": "x"}]}, "neither tcp nor udp"),
        ({"rules": [{"comment": "x", "tcp": ["1"], "sources": ["y"]}]}, "does not appear"),
    ],
)
def test_wrong_options_are_refused(changed: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse_policy(options(**changed))

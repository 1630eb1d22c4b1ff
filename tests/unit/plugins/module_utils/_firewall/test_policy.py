# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is let in by the options of `firewall_rules`, and the table that lets them in."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.nftables import (
    fill_zones,
    read_zones,
    render,
    replace_zones,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.policy import (
    Refused,
    parse_networks,
    parse_policy,
    parse_ports,
)


def options(*rules: dict[str, t.Any], **changes: t.Any) -> dict[str, t.Any]:
    return {
        "rules": list(rules),
        "mesh_interface": "wg0",
        "mesh_prefix": "10.90.0.0/24",
        "mesh_port": 51820,
        "forward": "accept",
        "zones": {},
        "outbound": "accept",
        "reach": [],
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

    assert policy.lets_in(ipaddress.ip_address(source), interface, "tcp", port) == is_let_in
    assert not policy.lets_in(ipaddress.ip_address(source), interface, "udp", port)


def test_each_family_has_its_own_line_in_the_table() -> None:
    text = render(parse_policy(options(SSH)))

    assert 'ip saddr { 10.90.0.0/24, 198.51.100.7 } tcp dport { 22 } accept comment "ssh"' in text
    assert 'ip6 saddr { fd00::7 } tcp dport { 22 } accept comment "ssh"' in text
    assert text.index("drop comment") < text.index('accept comment "ssh"')


@pytest.mark.parametrize(
    ("texts", "networks"),
    [
        (["fd00::7", "10.0.0.0/8"], ["10.0.0.0/8", "fd00::7/128"]),
        (["10.0.0.1", "10.0.0.0/24", "10.0.0.0/24"], ["10.0.0.0/24"]),
        (["10.0.1.0/24", "10.0.0.0/24"], ["10.0.0.0/23"]),
        (["10.0.2.0/24", "10.0.0.0/24"], ["10.0.0.0/24", "10.0.2.0/24"]),
        ([], []),
    ],
)
def test_networks_do_not_overlap_and_ipv4_goes_first(texts: list[str], networks: list[str]) -> None:
    reasons: list[str] = []

    assert [str(network) for network in parse_networks(texts, "x", reasons)] == networks
    assert reasons == []


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
        ({"zones": {"App": []}}, "a name is made of"),
        ({"zones": {"app": ["10.90.0.0/24"]}}, "zone app"),
        ({"zones": {"app": ["10.90.0.1", "fd00::1"]}}, "IPv4 and IPv6"),
        ({"zones": {"app": ["10.90.0.1"], "db": ["fd00::1"]}}, "IPv4 and IPv6"),
        ({"zones": {"app": ["fd00::1"]}}, "another family than mesh_prefix 10.90.0.0/24"),
        ({"zones": {"app": "10.90.0.1"}}, "'10.90.0.1' is no list of addresses"),
        ({"zones": {"app": None}}, "None is no list of addresses"),
        ({"zones": {"app": ["fe80::1%} accept"]}}, "is no address without an interface"),
        ({"rules": [{"comment": "x", "tcp": ["1"], "sources": ["@y"]}]}, "zone 'y' has no members"),
        ({"reach": [{"comment": "x", "tcp": ["1"], "destinations": ["@y"]}]}, "zone 'y'"),
        ({"mesh_port": 70000}, "mesh_port 70000 is not within"),
        ({"mesh_prefix": "10.90.0.1/24"}, "has host bits set"),
        ({"mesh_interface": 'wg0" accept'}, "is no name of an interface"),
        ({"mesh_interface": "wg0\n"}, "is no name of an interface"),
        ({"mesh_interface": "-i"}, "is no name of an interface"),
        ({"rules": [{"comment": "x\n", "tcp": ["1"]}]}, "plain letters"),
        ({"rules": [{"comment": 'x" drop', "tcp": ["1"]}]}, "plain letters"),
        ({"rules": [{"comment": "x", "tcp": ["a"]}]}, "'a' is no port"),
        ({"rules": [{"comment": "x"}]}, "neither tcp nor udp"),
        ({"rules": [{"comment": "x", "tcp": ["1"], "sources": ["y"]}]}, "does not appear"),
    ],
)
def test_wrong_options_are_refused(changed: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse_policy(options(**changed))


DB = {"comment": "db", "sources": ["@app", "192.0.2.0/24"], "tcp": ["5432"]}
# As nftables 1.0.6 lists a set of many addresses.
LISTED = """table inet quartermaster {
\tset zone_app {
\t\ttype ipv4_addr
\t\telements = { 10.90.0.1, 10.90.0.2,
\t\t\t     10.90.0.3 }
\t}

\tset zone_web {
\t\ttype ipv4_addr
\t}

\tchain input {
\t}
}
"""


def test_a_zone_is_a_set_of_the_table_and_lets_its_members_in() -> None:
    policy = parse_policy(options(DB, zones={"app": ["10.90.0.3", "10.90.0.2"], "web": []}))
    text = render(policy)

    assert 'ip saddr @zone_app tcp dport { 5432 } accept comment "db"' in text
    assert read_zones(text) == {"app": ["10.90.0.2", "10.90.0.3"]}
    assert policy.lets_in(ipaddress.ip_address("10.90.0.3"), "wg0", "tcp", 5432)
    assert not policy.lets_in(ipaddress.ip_address("10.90.0.4"), "wg0", "tcp", 5432)


def test_other_members_change_the_sets_and_nothing_else() -> None:
    text = render(parse_policy(options(DB, zones={"app": ["10.90.0.2"]})))
    zones = parse_policy(options(zones={"app": ["10.90.0.9"], "web": ["10.90.0.7"]})).zones

    changed = replace_zones(text, zones)

    assert changed == text.replace("elements = { 10.90.0.2 }", "elements = { 10.90.0.9 }")
    assert replace_zones(replace_zones(text, {"app": ()}), zones) == changed
    assert changed == render(parse_policy(options(DB, zones={"app": ["10.90.0.9"]})))


def test_sets_are_read_as_nftables_lists_them() -> None:
    assert read_zones(LISTED) == {"app": ["10.90.0.1", "10.90.0.2", "10.90.0.3"], "web": []}


def test_a_running_set_is_emptied_and_filled_in_one_transaction() -> None:
    zones = parse_policy(options(zones={"app": ["10.90.0.9", "10.90.0.2"], "web": []})).zones

    assert fill_zones(zones) == (
        "flush set inet quartermaster zone_app\n"
        "add element inet quartermaster zone_app { 10.90.0.2, 10.90.0.9 }\n"
        "flush set inet quartermaster zone_web\n"
    )


def test_a_mesh_of_ipv6_has_sets_of_ipv6() -> None:
    text = render(parse_policy(options(DB, mesh_prefix="fd00::/64", zones={"app": ["fd00::1"]})))

    assert "type ipv6_addr" in text
    assert "ip6 saddr @zone_app tcp dport" in text


def test_zones_alone_tell_the_family_where_no_mesh_does() -> None:
    text = render(parse_policy(options(DB, mesh_prefix="", zones={"app": ["fd00::1"]})))

    assert "type ipv6_addr" in text
    assert "ip6 saddr @zone_app" in text


def test_what_leaves_is_left_alone_unless_asked_for() -> None:
    reach = [{"comment": "to db", "destinations": ["@db"], "tcp": ["5432"]}]
    zones = {"db": ["10.90.0.5"]}
    db = ipaddress.ip_address("10.90.0.5")

    free = parse_policy(options(SSH, reach=reach, zones=zones))
    bound = parse_policy(options(SSH, reach=reach, zones=zones, outbound="drop"))

    assert "output" not in render(free)
    assert "set zone_db" not in render(free)
    assert 'ip daddr @zone_db tcp dport { 5432 } accept comment "to db"' in render(bound)
    assert "hook output" in render(bound)
    assert 'udp sport 51820 accept comment "WireGuard"' in render(bound)
    # Names would be looked up in a file that a small host has not.
    assert "meta l4proto { 1, 58 } accept" in render(bound)
    assert (free.lets_out(db, "tcp", 80), bound.lets_out(db, "tcp", 80)) == (True, False)
    assert bound.lets_out(db, "tcp", 5432)


@pytest.mark.parametrize(
    ("given", "ports"),
    [
        (["1"], ((1, 1),)),
        (["65535"], ((65535, 65535),)),
        (["1-65535"], ((1, 65535),)),
        (["8", "9"], ((8, 9),)),
        (["8", "10"], ((8, 8), (10, 10))),
        (["10-20", "5-12", "21"], ((5, 21),)),
    ],
)
def test_ports_are_ranges_without_gaps_between_neighbours(
    given: list[str], ports: tuple[tuple[int, int], ...]
) -> None:
    reasons: list[str] = []
    assert parse_ports(given, "ssh", reasons) == ports
    assert not reasons


@pytest.mark.parametrize("given", ["0", "65536", "1-65536", "9-8"])
def test_a_range_that_ends_beyond_the_ports_is_refused(given: str) -> None:
    reasons: list[str] = []
    assert parse_ports([given], "ssh", reasons) == ()
    assert len(reasons) == 1


@pytest.mark.parametrize("port", [1, 65535])
def test_the_mesh_may_have_the_lowest_and_the_highest_port(port: int) -> None:
    parse_policy(options(mesh_port=port))


@pytest.mark.parametrize("port", [0, 65536])
def test_the_mesh_has_no_port_beyond_them(port: int) -> None:
    with pytest.raises(Refused, match=f"mesh_port {port} is not within"):
        parse_policy(options(mesh_port=port))

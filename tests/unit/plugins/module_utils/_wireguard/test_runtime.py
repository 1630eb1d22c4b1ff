# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running interface lacks, and the commands that bring it."""

from __future__ import annotations

import base64
import ipaddress
import json
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.diff import (
    describe,
    describe_running,
    predict,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    Interface,
    Peer,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.runtime import (
    Drift,
    Route,
    Running,
    RunningPeer,
    find_drift,
    parse_dump,
    parse_links,
    parse_routes,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.validation import (
    with_keys_in_use,
)

NOW = 1_800_000_000.0


def key(number: int) -> str:
    return base64.b64encode(number.to_bytes(32, "big")).decode()


PRIVATE = key(1)
WANTED = Interface(
    ("10.8.0.1/24",),
    51820,
    1420,
    (
        Peer("a", key(2), "192.0.2.2:51820", ("10.8.0.2/32",), 25),
        Peer("b", key(3), "192.0.2.3:51820", ("10.8.0.3/32", "192.168.7.0/24"), None),
    ),
)


def direct(text: str, protocol: str) -> Route:
    return Route(ipaddress.ip_network(text), protocol, is_direct=True)


RUNNING_A = RunningPeer(key(2), None, "192.0.2.2:51820", frozenset({"10.8.0.2/32"}), 0, 25)
RUNNING_B = RunningPeer(
    key(3),
    None,
    "192.0.2.3:51820",
    frozenset({"10.8.0.3/32", "192.168.7.0/24"}),
    0,
    0,
)
RUNNING = Running(
    private_key=PRIVATE,
    public_key=key(8),
    listen_port=51820,
    peers=(RUNNING_A, RUNNING_B),
    addresses=("10.8.0.1/24",),
    mtu=1420,
    is_up=True,
    routes=(direct("10.8.0.0/24", "kernel"), direct("192.168.7.0/24", "boot")),
)


def drift(running: Running = RUNNING, wanted: Interface = WANTED, **more: t.Any) -> Drift:
    return find_drift("wg0", wanted, PRIVATE, running, **{"now": NOW, **more})


def moved(**changes: t.Any) -> Running:
    """Return the running interface with a changed first peer."""
    return replace(RUNNING, peers=(replace(RUNNING_A, **changes), RUNNING_B))


def commands(found: Drift) -> list[str]:
    return [" ".join(command) for command in found.commands]


def test_an_interface_that_is_as_wanted_is_left_alone() -> None:
    assert drift() == Drift((), (), needs_sync=False, roaming=frozenset())


@pytest.mark.parametrize(
    ("running", "note"),
    [
        (replace(RUNNING, private_key=None), "private key: none"),
        (
            replace(RUNNING, private_key=key(9)),
            "private key: the running key differs from the file",
        ),
        (replace(RUNNING, listen_port=4), "listen_port: 4 → 51820"),
        (replace(RUNNING, peers=(RUNNING_A,)), "peer b: added"),
        (moved(allowed_ips=frozenset()), "peer a: allowed_ips (none) → 10.8.0.2/32"),
        (
            moved(allowed_ips=frozenset({"10.8.0.2/32", "10.8.0.0/16"})),
            "peer a: allowed_ips 10.8.0.0/16, 10.8.0.2/32 → 10.8.0.2/32",
        ),
        (
            moved(allowed_ips=frozenset({"10.8.0.2/32", "::/0"})),
            "peer a: allowed_ips 10.8.0.2/32, ::/0 → 10.8.0.2/32",
        ),
        (
            moved(endpoint="[2001:db8::9]:51820"),
            "peer a: endpoint [2001:db8::9]:51820 → 192.0.2.2:51820",
        ),
        (moved(persistent_keepalive=0), "peer a: keepalive 0 → 25"),
        (moved(preshared_key=key(9)), "peer a: preshared key: removed"),
        (moved(endpoint=None), "peer a: endpoint (none) → 192.0.2.2:51820"),
        (moved(endpoint="192.0.2.9:1"), "peer a: endpoint 192.0.2.9:1 → 192.0.2.2:51820"),
    ],
)
def test_a_tunnel_that_differs_needs_syncconf(running: Running, note: str) -> None:
    found = drift(running)

    assert found.notes == (note,)
    assert found.needs_sync
    assert found.commands == ()


@pytest.mark.parametrize(
    ("requested", "runs", "note"),
    [
        (key(9), None, "peer a: preshared key: none"),
        (key(9), key(7), "peer a: preshared key: the running key differs from the file"),
        (None, key(7), "peer a: preshared key: removed"),
        ("", key(7), "peer a: preshared key: removed"),
        (key(9), key(9), None),
        ("", None, None),
    ],
)
def test_a_preshared_key_is_compared_and_never_said(
    requested: str | None, runs: str | None, note: str | None
) -> None:
    wanted = replace(
        WANTED, peers=(replace(WANTED.peers[0], preshared_key=requested), WANTED.peers[1])
    )
    running = moved(preshared_key=runs)

    found = drift(running, wanted)
    names = {peer.public_key: peer.name for peer in WANTED.peers}
    foreseen = predict(wanted, running, own_public_key=key(8), roaming=())
    shown = describe_running(foreseen, names) + describe(wanted, key(8)) + repr((wanted, running))

    assert found.notes == ((note,) if note else ())
    assert found.needs_sync is bool(note)
    assert key(9) not in shown
    assert key(7) not in shown
    assert ("with a preshared key" in shown) is bool(requested)


def test_an_unknown_peer_is_removed_and_named_by_its_fingerprint() -> None:
    stranger = replace(RUNNING_A, public_key=key(7), allowed_ips=frozenset())

    (note,) = drift(replace(RUNNING, peers=(*RUNNING.peers, stranger))).notes

    assert note.startswith("peer with key ")
    assert note.endswith(": removed")
    assert key(7) not in note


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        (replace(RUNNING, mtu=1300), ["ip link set dev wg0 mtu 1420"]),
        (replace(RUNNING, is_up=False), ["ip link set dev wg0 up"]),
        (
            replace(RUNNING, addresses=(), routes=RUNNING.routes[1:]),
            ["ip address add 10.8.0.1/24 dev wg0"],
        ),
        (
            replace(RUNNING, addresses=("10.8.0.1/24", "10.7.0.1/24")),
            ["ip address del 10.7.0.1/24 dev wg0"],
        ),
        (
            replace(RUNNING, addresses=("10.8.0.1/16",)),
            ["ip address add 10.8.0.1/24 dev wg0", "ip address del 10.8.0.1/16 dev wg0"],
        ),
        (replace(RUNNING, routes=RUNNING.routes[:1]), ["ip route replace 192.168.7.0/24 dev wg0"]),
        (
            replace(RUNNING, routes=RUNNING.routes[1:]),
            ["ip route replace 10.8.0.0/24 dev wg0 proto kernel scope link src 10.8.0.1"],
        ),
        (
            replace(RUNNING, routes=(*RUNNING.routes, direct("10.55.0.0/24", "static"))),
            ["ip route del 10.55.0.0/24 dev wg0"],
        ),
    ],
)
def test_what_ip_can_repair_needs_no_syncconf(running: Running, expected: list[str]) -> None:
    found = drift(running)

    assert commands(found) == expected
    assert not found.needs_sync
    assert len(found.notes) == len(expected)


@pytest.mark.parametrize(
    "route",
    [
        direct("10.55.0.0/24", "bird"),
        direct("10.55.0.0/24", "kernel"),
        Route(ipaddress.ip_network("10.55.0.0/24"), "static", is_direct=False),
    ],
)
def test_routes_that_others_made_are_left_alone(route: Route) -> None:
    assert drift(replace(RUNNING, routes=(*RUNNING.routes, route))).notes == ()


def test_a_link_that_is_down_gets_its_address_route_from_the_kernel() -> None:
    found = drift(replace(RUNNING, is_up=False, routes=()))

    assert commands(found) == [
        "ip link set dev wg0 up",
        "ip route replace 192.168.7.0/24 dev wg0",
    ]


@pytest.mark.parametrize(
    ("stable_endpoints", "age_s", "is_roaming"),
    [({key(2)}, 10, True), ({key(2)}, 179, True), ({key(2)}, 180, False), ((), 10, False)],
)
def test_an_endpoint_that_moved_is_roaming_while_handshakes_arrive_from_there(
    stable_endpoints: t.Collection[str], age_s: int, *, is_roaming: bool
) -> None:
    running = moved(endpoint="192.0.2.9:1", latest_handshake=int(NOW) - age_s)

    found = drift(running, stable_endpoints=stable_endpoints)

    assert found.roaming == (frozenset({key(2)}) if is_roaming else frozenset())
    assert found.needs_sync is not is_roaming


def test_a_peer_without_a_wanted_endpoint_may_be_anywhere() -> None:
    wanted = replace(WANTED, peers=(replace(WANTED.peers[0], endpoint=None), WANTED.peers[1]))

    assert drift(wanted=wanted).notes == ()


def test_an_interface_without_a_stated_port_and_mtu_keeps_those_it_has() -> None:
    assert drift(wanted=replace(WANTED, listen_port=None, mtu=None)).notes == ()


def test_a_dump_is_read_with_or_without_keys_and_peers() -> None:
    dump = (
        f"{PRIVATE}\t{key(8)}\t51820\toff\n"
        f"{key(2)}\t(none)\t192.0.2.2:51820\t10.8.0.2/32\t0\t0\t0\t25\n"
        f"{key(3)}\t{key(9)}\t(none)\t(none)\t5\t0\t0\toff\n"
    )

    found = parse_dump(dump)

    assert (found["private_key"], found["listen_port"]) == (PRIVATE, 51820)
    assert found["peers"][0] == RUNNING_A
    assert found["peers"][1] == RunningPeer(key(3), key(9), None, frozenset(), 5, 0)
    assert parse_dump("(none)\t(none)\t0\toff\n") == {
        "private_key": None,
        "public_key": None,
        "listen_port": 0,
        "peers": (),
    }


def test_links_are_told_apart_and_link_local_addresses_do_not_count() -> None:
    links = [
        {},
        {"ifname": "lo", "flags": ["UP"], "mtu": 65536, "addr_info": []},
        {
            "ifname": "wg0",
            "flags": ["POINTOPOINT", "UP"],
            "mtu": 1420,
            "addr_info": [
                {"local": "10.8.0.1", "prefixlen": 24, "scope": "global"},
                {"local": "fe80::1", "prefixlen": 64, "scope": "link"},
            ],
        },
        {
            "ifname": "eth0",
            "flags": ["UP"],
            "mtu": 1500,
            "addr_info": [{"local": "192.168.7.5", "prefixlen": 24, "scope": "global"}],
        },
    ]

    own, other_interfaces = parse_links(json.dumps(links), "wg0")

    assert own == {"addresses": ("10.8.0.1/24",), "mtu": 1420, "is_up": True}
    assert other_interfaces == {"eth0": [ipaddress.ip_network("192.168.7.0/24")]}
    assert parse_links("", "wg0") == ({}, {})


def test_routes_of_both_families_are_read_and_odd_ones_left_out() -> None:
    four = [
        {"dst": "default", "protocol": "boot"},
        {"dst": "10.8.0.0/24", "protocol": "kernel", "scope": "link"},
        {"dst": "10.9.0.9"},
        {"dst": "10.7.0.0/24", "gateway": "10.8.0.2", "protocol": "static"},
        {"type": "blackhole", "dst": "10.6.0.0/24"},
    ]

    found = parse_routes(json.dumps(four), json.dumps([{"dst": "fd00::/64", "protocol": "boot"}]))

    assert found == (
        direct("10.8.0.0/24", "kernel"),
        direct("10.9.0.9/32", "boot"),
        Route(ipaddress.ip_network("10.7.0.0/24"), "static", is_direct=False),
        direct("fd00::/64", "boot"),
    )


def test_no_view_has_a_key_in_it() -> None:
    names = {peer.public_key: peer.name for peer in WANTED.peers}
    views = describe(WANTED, key(8)) + describe_running(RUNNING, names) + repr(RUNNING)[:200]

    assert PRIVATE not in views
    assert not any(number in views.partition("Running(")[0] for number in map(key, (2, 3, 8)))


@pytest.mark.parametrize(
    "running",
    [
        RUNNING,
        moved(endpoint="192.0.2.9:1", allowed_ips=frozenset()),
        replace(RUNNING, peers=(), addresses=(), routes=(), mtu=1300, is_up=False, listen_port=4),
        replace(RUNNING, routes=(*RUNNING.routes, direct("10.55.0.0/24", "static"))),
    ],
)
def test_what_is_foreseen_looks_as_the_repaired_interface_does(running: Running) -> None:
    names = {peer.public_key: peer.name for peer in WANTED.peers}

    foreseen = predict(WANTED, running, own_public_key=key(8), roaming=())

    assert describe_running(foreseen, names) == describe_running(RUNNING, names)


ROTATING = replace(WANTED, peers=(replace(WANTED.peers[0], standby_key=key(9)), WANTED.peers[1]))
HELD_BACK = RunningPeer(key(9), key(7), None, frozenset(), 0, 0)


def test_the_other_key_of_a_peer_is_added_as_standby_key() -> None:
    found = drift(wanted=ROTATING)
    there = replace(RUNNING, peers=(*RUNNING.peers, HELD_BACK))
    unheld = replace(RUNNING, peers=(*RUNNING.peers, replace(HELD_BACK, preshared_key=None)))

    assert found.notes == ("peer a: other key added",)
    assert found.needs_sync
    assert drift(there, ROTATING).notes == ()
    assert drift(unheld, ROTATING).notes == ("peer a: standby key may be used already",)
    assert drift(there).notes[0].startswith("peer with key")


def test_a_peer_is_kept_under_the_key_that_it_uses() -> None:
    moved = (replace(RUNNING_A, allowed_ips=frozenset(), preshared_key=key(9)), RUNNING_B)
    taken = replace(HELD_BACK, allowed_ips=RUNNING_A.allowed_ips, preshared_key=None)
    running = replace(RUNNING, peers=(*moved, taken))

    before = with_keys_in_use(ROTATING, RUNNING.used_keys)
    after = with_keys_in_use(ROTATING, running.used_keys)

    assert before == ROTATING
    assert after.peers[0].keys == (key(9), key(2))
    assert after.peers[1] == ROTATING.peers[1]
    assert with_keys_in_use(after, running.used_keys) == after
    # A handful of peers that nothing is known of yet stay as they are requested.
    assert with_keys_in_use(ROTATING, ()) == ROTATING

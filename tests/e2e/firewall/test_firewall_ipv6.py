# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic of IPv6 through the firewall: controllers, ports, neighbours, and a mesh of its own."""

from __future__ import annotations

import ipaddress
import typing as t
from collections.abc import Iterator
from functools import partial

import pytest

from tests.e2e.firewall.conftest import HAS_IPV6, lock_out

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.skipif(not HAS_IPV6, reason="the kernel of this machine has no IPv6"),
]

ELSEWHERE = "fd00:dead::/64"
MESH, DATABASE, WEB = "fd8a:15c2:7be1::/64", "fd8a:15c2:7be1::10", "fd8a:15c2:7be1::20"
# The engine turns IPv6 off for each interface that it does not make itself.
ALLOW_IPV6 = "mount -o remount,rw /proc/sys && sysctl -qw net.ipv6.conf.default.disable_ipv6=0"
FORGET_NEIGHBOURS = "ip -6 neigh flush dev eth0"
DEAF = (
    "nft 'table ip6 foreign { chain in { type filter hook input priority -5;"
    " icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } drop; }; }'"
)
DROP_SSH = (
    "nft 'table ip6 foreign { chain in { type filter hook input priority -5;"
    " tcp dport 22 drop; }; }'"
)
HEAR = "nft delete table ip6 foreign"


def network_of(address: str) -> str:
    """Return the /64 of an address that the engine gave."""
    return str(ipaddress.ip_interface(f"{address}/64").network)


@pytest.fixture
def bare(host: t.Any) -> Iterator[t.Any]:
    """Return a host whose firewall is removed at the end: it may keep out IPv4."""
    yield host
    host.ask(state="absent")


def test_who_comes_in_over_ipv6_confirms_the_rules_and_others_stay_out(
    bare: t.Any, stranger: t.Any
) -> None:
    only = [network_of(bare.address_v6)]

    code, output = bare.run(is_v6=True, firewall_ssh_sources=only)
    again = bare.run(is_v6=True, firewall_ssh_sources=only)

    assert (code, bare.is_pending()) == (0, False), output
    assert "changed=0" in again[1], again[1]
    assert stranger.answers(bare.address_v6, 22) == ["open"]
    assert stranger.answers(bare.address, 22) == ["silent"]


def test_the_controllers_own_address_of_ipv6_is_checked_first(bare: t.Any) -> None:
    before = bare.table()

    code, output = bare.run(is_v6=True, firewall_ssh_sources=["0.0.0.0/0", ELSEWHERE])

    assert code == 2, output
    assert "locked_out" in output
    assert "to port 22 of eth0" in output
    assert (bare.table(), bare.is_pending()) == (before, False)


def test_rules_that_lock_us_out_over_ipv6_are_taken_back_and_all_may_leave_again(
    guarded: t.Any, stranger: t.Any
) -> None:
    before = guarded.table()

    # Over IPv4 it would have been let in: the fresh connection is one of the same road.
    code, output = guarded.run(
        is_v6=True,
        **lock_out("0.0.0.0/0"),
        firewall_outbound="drop",
        firewall_reach_always=[],
    )

    assert code == 2, output
    assert "rolled_back" in output
    assert guarded.table() == before
    assert guarded.answers(stranger.address_v6, 8001) == ["closed"]


def test_ports_are_let_in_by_network_and_port_over_ipv6(bare: t.Any, stranger: t.Any) -> None:
    rules = [
        {"comment": "ssh", "tcp": ["22"]},
        {"comment": "from it", "sources": [f"{stranger.address_v6}/128"], "tcp": ["8001"]},
        {"comment": "from elsewhere", "sources": [ELSEWHERE], "tcp": ["8002"]},
        {"comment": "of IPv4 alone", "sources": ["0.0.0.0/0"], "tcp": ["8003"]},
    ]

    bare.keep(rules=rules)

    ports = (22, 8001, 8002, 8003)
    over_v6, over_v4 = (
        stranger.answers(address, *ports) for address in (bare.address_v6, bare.address)
    )
    assert over_v6 == ["open", "closed", "silent", "silent"]
    assert over_v4 == ["open", "silent", "silent", "closed"]


@pytest.mark.parametrize("outbound", ["accept", "drop"])
def test_neighbours_find_each_other_through_the_firewall(
    bare: t.Any, stranger: t.Any, outbound: str
) -> None:
    bare.keep(rules=[{"comment": "ssh", "tcp": ["22"]}], outbound=outbound)

    answers = {}
    # The proof proves nothing if it cannot fail.
    for name, change in (("as it is", "true"), ("deaf", DEAF), ("healed", HEAR)):
        bare.sh(f"{change} && {FORGET_NEIGHBOURS}")
        stranger.sh(FORGET_NEIGHBOURS)
        answers[name] = stranger.answers(bare.address_v6, 22)
    bare.sh(FORGET_NEIGHBOURS)
    pings = bare.sh(f"ping -6 -n -c1 -w5 {stranger.address_v6}")

    assert answers == {"as it is": ["open"], "deaf": ["silent"], "healed": ["open"]}
    assert "1 received" in pings


#: What is done to a host, and what the role's verify reports of it, for its IPv6 alone.
UNPROVEN = {
    "somebody else's table drops": (
        DROP_SSH,
        "port 22 over public ({address}): allowed by the policy, measured silent",
    ),
    "our table lets all of it in": (
        "nft insert rule inet quartermaster input meta nfproto ipv6 accept",
        "Run the role firewall on one; this differs: table: replaced",
    ),
}


@pytest.mark.parametrize("kind", UNPROVEN)
def test_what_is_in_force_over_ipv6_is_part_of_the_proof(
    guarded: t.Any, stranger: t.Any, kind: str
) -> None:
    change, reported = UNPROVEN[kind]
    nodes = [host.node(external_ip=host.address_v6) for host in (guarded, stranger)]
    run = partial(guarded.run, stranger, firewall_nodes=nodes)
    kept = run()

    whole = run(entry_point="verify")
    guarded.sh(change)
    changed = run(entry_point="verify")
    guarded.sh(HEAR, check=False)
    stranger.ask(state="absent")

    assert (kept[0], whole[0], changed[0]) == (0, 0, 2), kept[1] + whole[1] + changed[1]
    assert reported.format(address=guarded.address_v6) in changed[1]


@pytest.fixture
def mesh(bare: t.Any, stranger: t.Any) -> Iterator[list[dict[str, t.Any]]]:
    """Return the two as nodes of a mesh without any IPv4: a database, and one that asks it."""
    places = {bare: DATABASE, stranger: WEB}
    keys = {}
    for one in places:
        one.sh(ALLOW_IPV6)
        keys[one] = one.ask("wireguard_key", path="/etc/wireguard/wg0.key")["public_key"]
    for one, far in ((bare, stranger), (stranger, bare)):
        peer = {
            "name": far.name,
            "public_key": keys[far],
            "endpoint": f"[{far.address_v6}]:51820",
            "allowed_ips": [f"{places[far]}/128"],
        }
        own = {"address": [f"{places[one]}/64"], "listen_port": 51820}
        told = one.ask("wireguard_interface", **own, peers=[peer])
        assert "failed" not in told, told
    yield [
        bare.node(node_type="db", internal_ip=bare.address_v6, wireguard_ip=DATABASE),
        stranger.node(node_type="web", internal_ip=stranger.address_v6, wireguard_ip=WEB),
    ]
    stranger.ask(state="absent")
    for one in places:
        one.sh("systemctl disable -q --now wg-quick@wg0")


def test_a_fleet_of_ipv6_alone_is_guarded_and_proven_by_its_matrix(
    host: t.Any, stranger: t.Any, mesh: t.Any
) -> None:
    fleet: dict[str, t.Any] = {"is_v6": True, "firewall_nodes": mesh, "mesh_prefix": MESH}

    code, output = host.run(stranger, **fleet)
    proof = host.run(stranger, **fleet, entry_point="verify")

    assert code == 0, output
    assert proof[0] == 0, proof[1]
    assert "public 22; mesh 22 5432 6432 9100" in proof[1]
    assert stranger.answers(DATABASE, 5432, 23) == ["closed", "refused"]
    assert stranger.answers(host.address_v6, 5432) == ["silent"]
    told = [host.ask("firewall_members", zones={"app": members}) for members in ([], [WEB], [WEB])]
    assert [answer["changed"] for answer in told] == [True, True, False]

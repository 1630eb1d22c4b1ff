# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no WireGuard interface may be, and how the wanted one comes about."""

from __future__ import annotations

import base64
import ipaddress
import time
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    Interface,
    Invalid,
    Peer,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.validation import (
    check_whole,
    parse_options,
    replace_all,
    upsert,
)


def key(number: int) -> str:
    return base64.b64encode(number.to_bytes(32, "big")).decode()


def peer(number: int, **changes: t.Any) -> Peer:
    values: dict[str, t.Any] = {
        "name": f"p{number}",
        "public_key": key(number),
        "endpoint": f"192.0.2.{number % 250 + 1}:51820",
        "allowed_ips": (f"10.8.{number >> 8}.{number & 255}/32",),
        "persistent_keepalive": 25,
        **changes,
    }
    return Peer(**values)


def interface(*peers: Peer, **changes: t.Any) -> Interface:
    return Interface(**{"addresses": ("10.8.0.1/16",), "peers": peers, **changes})


def options(**changes: t.Any) -> dict[str, t.Any]:
    return {
        "name": "wg0",
        "address": None,
        "listen_port": None,
        "mtu": None,
        "peers": [],
        **changes,
    }


def refusal(wanted: Interface, own: str | None = None, **other_interfaces: str) -> str:
    networks = {name: [ipaddress.ip_network(text)] for name, text in other_interfaces.items()}
    with pytest.raises(Invalid) as error:
        check_whole(wanted, own_public_key=own, other_interfaces=networks)
    return str(error.value)


def test_options_become_an_interface_with_its_peers_by_name() -> None:
    given = [{"name": name, "public_key": key(n)} for n, name in enumerate("cab", start=1)]

    requested = parse_options(options(address=["10.8.0.1/24"], listen_port=51820, peers=given))

    assert requested.addresses == ("10.8.0.1/24",)
    assert [p.name for p in requested.peers] == ["a", "b", "c"]


def test_all_that_is_wrong_with_options_is_told_at_once() -> None:
    with pytest.raises(Invalid) as error:
        parse_options(
            options(
                name="a/b",
                address=["x"],
                listen_port=0,
                mtu=1,
                peers=[{"name": "b", "public_key": "no"}],
            )
        )

    assert len(error.value.reasons) == 5


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        (peer(2), peer(3, public_key=key(2)), "the same public key"),
        (peer(2), peer(3, name="p2"), "the same name p2"),
        (peer(2), peer(3, allowed_ips=("10.8.0.2/32",)), "the same allowed IP 10.8.0.2/32"),
    ],
)
def test_two_peers_cannot_claim_the_same(one: Peer, other: Peer, what: str) -> None:
    assert what in refusal(interface(one, other))


def test_a_double_public_key_is_named_by_its_peers_not_by_itself() -> None:
    assert key(2) not in refusal(interface(peer(2), peer(3, public_key=key(2))))


def test_the_host_itself_is_no_peer() -> None:
    assert "p2 has the public key of this host" in refusal(interface(peer(2)), own=key(2))


def test_a_peer_cannot_claim_the_hosts_own_address() -> None:
    assert "is this host's own address" in refusal(interface(peer(2, allowed_ips=("10.8.0.1/32",))))


def test_an_interface_needs_an_address() -> None:
    assert "address is missing" in refusal(interface(addresses=()))


@pytest.mark.parametrize("endpoint", ["10.8.7.7:51820", "10.8.0.2:1", "172.20.0.9:1"])
def test_an_endpoint_cannot_lie_inside_the_tunnels(endpoint: str) -> None:
    wanted = interface(peer(2, endpoint=endpoint), peer(3, allowed_ips=("172.20.0.0/24",)))

    assert "lies inside the tunnels" in refusal(wanted)


@pytest.mark.parametrize("network", ["10.8.0.0/16", "10.0.0.0/8", "10.8.0.0/24"])
def test_an_address_cannot_overlap_another_interface(network: str) -> None:
    assert "overlaps" in refusal(interface(), eth0=network)


@pytest.mark.parametrize("network", ["192.168.7.0/24", "192.168.0.0/16"])
def test_an_allowed_ip_cannot_take_the_traffic_of_another_interface(network: str) -> None:
    wanted = interface(peer(2, allowed_ips=("192.168.7.0/24",)))

    assert f"lies in {network} of eth0" in refusal(wanted, eth0=network)


def test_a_wider_allowed_ip_leaves_the_other_interface_its_own() -> None:
    wanted = interface(peer(2, allowed_ips=("192.168.0.0/16",)))

    check_whole(
        wanted,
        own_public_key=key(1),
        other_interfaces={"eth0": [ipaddress.ip_network("192.168.7.0/24")]},
    )


def test_networks_of_the_other_family_do_not_matter() -> None:
    check_whole(
        interface(peer(2, allowed_ips=("fd00::2/128",))),
        own_public_key=None,
        other_interfaces={"eth0": [ipaddress.ip_network("fe00::/8")]},
    )


@pytest.mark.parametrize(
    "wanted",
    [interface(addresses=("fd00::1/64",)), interface(peer(2, allowed_ips=("fd00::2/128",)))],
)
def test_ipv6_is_refused_where_the_host_has_none(wanted: Interface) -> None:
    with pytest.raises(Invalid, match="IPv6 is disabled"):
        check_whole(wanted, own_public_key=None, other_interfaces={}, has_ipv6=False)


def test_a_hub_may_route_the_whole_mesh_and_a_longer_prefix_may_win() -> None:
    wanted = interface(peer(2, allowed_ips=("10.8.0.0/16",)), peer(3))

    check_whole(wanted, own_public_key=key(1), other_interfaces={})


def test_replacing_keeps_only_the_peers_asked_for() -> None:
    known = interface(peer(2), peer(3), peer(4))

    wanted = replace_all(interface(peer(2, endpoint=None), mtu=1400), known, ["p4", "p9", "p2"])

    assert [p.name for p in wanted.peers] == ["p2", "p4"]
    assert wanted.peers[0].endpoint is None
    assert wanted.mtu == 1400


def test_a_kept_peer_whose_key_another_one_has_now_is_not_kept() -> None:
    wanted = replace_all(interface(peer(2, name="new")), interface(peer(2)), ["p2"])

    assert [p.name for p in wanted.peers] == ["new"]


def test_adding_keeps_all_that_is_left_out() -> None:
    known = interface(peer(2), peer(3), listen_port=51820, mtu=1420)

    wanted = upsert(Interface(peers=(Peer("p3", key(3), "192.0.2.99:1"), peer(4))), known)

    assert (wanted.addresses, wanted.listen_port, wanted.mtu) == (("10.8.0.1/16",), 51820, 1420)
    assert [p.name for p in wanted.peers] == ["p2", "p3", "p4"]
    assert wanted.peers[1] == peer(3, endpoint="192.0.2.99:1")


def test_a_node_that_comes_back_with_a_new_key_replaces_its_former_self() -> None:
    wanted = upsert(Interface(peers=(Peer("p2", key(9)),)), interface(peer(2), peer(3)))

    assert wanted.peers == (peer(2, public_key=key(9)), peer(3))


def test_a_key_that_comes_back_under_another_name_replaces_the_former_name() -> None:
    wanted = upsert(Interface(peers=(Peer("q", key(2)),)), interface(peer(2)))

    assert wanted.peers == (peer(2, name="q"),)


def test_adding_twice_changes_nothing_more() -> None:
    requested, known = Interface(peers=(peer(4),)), interface(peer(2))

    once = upsert(requested, known)

    assert upsert(requested, once) == once


def test_a_thousand_peers_are_checked_in_a_moment() -> None:
    wanted = interface(*(peer(n) for n in range(2, 2002)))
    started = time.process_time()

    check_whole(
        wanted,
        own_public_key=key(1),
        other_interfaces={"eth0": [ipaddress.ip_network("10.0.0.0/24")]},
    )

    assert time.process_time() - started < 1

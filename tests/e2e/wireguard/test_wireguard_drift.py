# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and programs do to a running interface, and how the next run repairs it."""

from __future__ import annotations

import typing as t

import pytest

pytestmark = pytest.mark.hosts

DRIFTS = {
    "a peer is removed": "wg set wg0 peer {b} remove",
    "a peer has lost its allowed IPs": "wg set wg0 peer {c} allowed-ips 10.99.0.3/32,10.99.0.2/32",
    "a peer sends no keepalive": "wg set wg0 peer {b} persistent-keepalive off",
    "a peer got a preshared key": "wg genpsk >/tmp/psk; wg set wg0 peer {b} preshared-key /tmp/psk",
    "a stranger is a peer": "wg set wg0 peer $(wg genkey | wg pubkey) allowed-ips 10.99.0.77/32",
    "another port": "wg set wg0 listen-port 4444",
    "another private key": "wg genkey >/tmp/key; wg set wg0 private-key /tmp/key",
    "no private key and no peers": "printf '[Interface]\\n' >/tmp/none; wg syncconf wg0 /tmp/none",
    "the address is deleted": "ip address del 10.99.0.1/24 dev wg0",
    "another address": "ip address add 10.98.0.1/24 dev wg0",
    "a shorter prefix": "ip address add 10.99.0.1/16 dev wg0; ip address del 10.99.0.1/24 dev wg0",
    "another mtu": "ip link set wg0 mtu 1300",
    "the link is down": "ip link set wg0 down",
    "the mesh route is deleted": "ip route del 10.99.0.0/24 dev wg0",
    "a route that nobody needs": "ip route add 10.55.0.0/24 dev wg0",
    "the interface is deleted": "ip link delete wg0",
    "wireguard-go is killed": "pkill -9 wireguard-go; while ip link show wg0; do :; done; true",
    "the unit is stopped": "systemctl stop wg-quick@wg0",
    "the unit is disabled": "systemctl disable wg-quick@wg0",
    "the file is gone": "rm /etc/wireguard/wg0.conf",
    "the file is empty": ": >/etc/wireguard/wg0.conf",
    "the file is cut short": "truncate -s 300 /etc/wireguard/wg0.conf",
    "the file is readable by all": "chmod 644 /etc/wireguard/wg0.conf",
    "the file lost a peer": "sed -i '/name: b/,/^$/d' /etc/wireguard/wg0.conf",
    "a hook in the file": "sed -i '2a PostUp = touch /tmp/hook' /etc/wireguard/wg0.conf",
    "a killed run's leftovers": "cp /etc/wireguard/wg0.key /etc/wireguard/.wg0.sync.new;"
    " ip link set wg0 mtu 1300",
    "everything at once": "wg set wg0 peer {b} remove; ip link set wg0 mtu 1300 down;"
    " ip address flush dev wg0; rm /etc/wireguard/wg0.conf; systemctl disable wg-quick@wg0",
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_foreseen_repaired_once_and_gone(mesh: t.Any, drift: str) -> None:
    host = mesh["a"]
    host.sh(DRIFTS[drift].format(b=mesh["b"].public_key, c=mesh["c"].public_key))
    before = host.state()

    foreseen = host.run(**mesh.options("a"), check=True)
    assert host.state() == before
    repaired = host.run(**mesh.options("a"))
    again = host.run(**mesh.options("a"))

    assert repaired["changed"], repaired
    assert foreseen["changed"]
    assert foreseen["interface"] == repaired["interface"]
    assert set(foreseen["changes"]) <= set(repaired["changes"])
    assert (again["changed"], again["changes"]) == (False, [])
    assert host.reaches(mesh["b"])
    assert host.reaches(mesh["c"])
    assert host.sh("ls -A /etc/wireguard").split() == ["wg0.conf", "wg0.key"]
    assert host.sh("stat -c %a /etc/wireguard/wg0.conf").strip() == "600"


def test_the_interface_survives_a_restart_of_its_unit(mesh: t.Any) -> None:
    host = mesh["a"]

    host.sh("systemctl restart wg-quick@wg0")

    assert host.reaches(mesh["b"])
    assert not host.run(**mesh.options("a"))["changed"]
    assert host.sh("systemctl is-enabled wg-quick@wg0").strip() == "enabled"


def test_a_peer_that_roams_is_left_alone_while_it_answers(mesh: t.Any) -> None:
    host, other = mesh["a"], mesh["b"]
    other.run(**mesh.options("b", listen_port=51999))
    assert other.reaches(host)
    assert ":51999" in host.sh("wg show wg0 endpoints")

    result = host.run(**mesh.options("a"))

    assert not result["changed"]
    assert host.reaches(other)
    other.run(**mesh.options("b"))


def test_addresses_routes_and_settings_follow_the_options(mesh: t.Any) -> None:
    host = mesh["a"]
    wanted = mesh.options(
        "a",
        address=["10.99.0.1/24", "10.98.0.1/28"],
        mtu=1380,
        listen_port=51821,
        peers=[
            mesh.peer("b", allowed_ips=["10.99.0.2/32", "172.30.0.0/16", "10.98.0.2/32"]),
            mesh.peer("c", endpoint=None, persistent_keepalive=None),
        ],
    )

    changed, again = host.run(**wanted), host.run(**wanted)
    back = host.run(**mesh.options("a"))

    assert changed.get("changed"), changed
    assert not again["changed"], again["changes"]
    assert back["changed"]
    assert not host.run(**mesh.options("a"))["changed"]
    assert "172.30.0.0/16" not in host.sh("ip route")
    assert "10.98.0" not in host.sh("ip address; ip route")


def test_the_diff_shows_peers_by_name_and_no_key(mesh: t.Any) -> None:
    host = mesh["a"]
    host.sh(f"wg set wg0 peer {mesh['b'].public_key} remove")

    diff = host.run(**mesh.options("a"), check=True)["diff"]

    added = set(diff["after"].splitlines()) - set(diff["before"].splitlines())
    assert [line.split()[:2] for line in added] == [["peer", "b:"]]
    assert f"endpoint {mesh['b'].internal_ip}:51820 allowed_ips 10.99.0.2/32" in added.pop()
    for other in mesh.hosts.values():
        assert other.public_key not in str(diff)
    host.run(**mesh.options("a"))


def test_absent_takes_down_all_but_the_key(mesh: t.Any) -> None:
    host = mesh["a"]

    foreseen = host.run(name="wg0", state="absent", check=True)
    removed = host.run(name="wg0", state="absent")
    again = host.run(name="wg0", state="absent")

    assert removed["changed"]
    assert removed["interface"] is None
    assert foreseen["changes"] == removed["changes"]
    assert (again["changed"], again["changes"]) == (False, [])
    assert host.sh("ls -A /etc/wireguard").split() == ["wg0.key"]
    assert "wg0" not in host.sh("ip -br link")
    assert host.sh("systemctl is-enabled wg-quick@wg0", check=False).strip() == "disabled"
    assert host.run(**mesh.options("a"))["changed"]
    assert host.reaches(mesh["b"])


@pytest.mark.parametrize("gone", ["ip link delete wg0", "rm /etc/wireguard/wg0.conf"])
def test_absent_finishes_what_somebody_began(mesh: t.Any, gone: str) -> None:
    host = mesh["a"]
    host.sh(gone)

    host.run(name="wg0", state="absent")

    assert not host.run(name="wg0", state="absent")["changed"]
    assert "wg0" not in host.sh("ip -br link")

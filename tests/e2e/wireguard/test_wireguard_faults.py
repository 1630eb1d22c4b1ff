# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong input, kill -9 at every step, crowds, and traffic while the mesh changes."""

from __future__ import annotations

import re
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.traffic import count_packets

pytestmark = pytest.mark.hosts

STEPS = [
    "before:write_new",
    "after:write_new",
    "after:replace",
    "before:bring_up",
    "before:run systemctl enable",
    "after:run systemctl enable",
    "before:run wg syncconf",
    "after:run wg syncconf",
    "before:run ip address add",
    "after:run ip address add",
    "after:run ip address del",
    "after:run ip link set",
    "before:run ip route",
]
BROKEN = (
    "wg set wg0 peer {b} remove; ip address add 10.98.0.1/24 dev wg0;"
    " ip address del 10.99.0.1/24 dev wg0; ip link set wg0 mtu 1300;"
    " ip route add 10.55.0.0/24 dev wg0; sed -i '/name: b/,/^$/d' /etc/wireguard/wg0.conf;"
    " systemctl disable wg-quick@wg0"
)
GONE = "systemctl disable --now wg-quick@wg0; rm /etc/wireguard/wg0.conf"


@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_at_any_step_is_finished_by_the_next(mesh: t.Any, step: str) -> None:
    host = mesh["a"]
    host.sh((GONE if "bring_up" in step else BROKEN).format(b=mesh["b"].public_key))

    host.run(**mesh.options("a"), die=step)
    assert re.search("PrivateKey", host.sh("cat /etc/wireguard/wg0.conf", check=False)) or (
        "bring_up" not in step
    )
    finished, again = host.run(**mesh.options("a")), host.run(**mesh.options("a"))

    assert "failed" not in finished, finished
    assert (again["changed"], again["changes"]) == (False, [])
    assert host.reaches(mesh["b"])
    assert host.sh("ls -A /etc/wireguard").split() == ["wg0.conf", "wg0.key"]


def test_a_killed_key_run_leaves_no_half_key(mesh: t.Any) -> None:
    host, path = mesh["a"], "/etc/wireguard/other.key"

    host.run("wireguard_key", path=path, die="after:write_new")
    made, again = host.run("wireguard_key", path=path), host.run("wireguard_key", path=path)

    assert made["changed"]
    assert again["public_key"] == made["public_key"]
    assert host.sh("ls -A /etc/wireguard").split() == ["other.key", "wg0.conf", "wg0.key"]
    host.sh(f"rm {path}")


def test_wg_quick_killed_half_way_is_begun_again(mesh: t.Any) -> None:
    host = mesh["a"]
    host.sh("systemctl stop wg-quick@wg0; wireguard-go wg0")

    result = host.run(**mesh.options("a"))

    assert "interface: brought up" in result["changes"]
    assert host.reaches(mesh["b"])
    assert host.sh("systemctl is-active wg-quick@wg0").strip() == "active"


WRONG: dict[str, tuple[t.Callable[[t.Any], dict[str, t.Any]], str]] = {
    "one allowed IP on two peers": (
        lambda m: {"peers": [m.peer("b"), m.peer("c", allowed_ips=["10.99.0.2"])]},
        "same allowed IP",
    ),
    "one key on two peers": (
        lambda m: {"peers": [m.peer("b"), m.peer("c", public_key=m["b"].public_key)]},
        "same public key",
    ),
    "one name for two peers": (
        lambda m: {"peers": [m.peer("b"), m.peer("c", name="b")]},
        "same name",
    ),
    "the own key": (
        lambda m: {"peers": [m.peer("b", public_key=m["a"].public_key)]},
        "public key of this host",
    ),
    "the own address": (
        lambda m: {"peers": [m.peer("b", allowed_ips=["10.99.0.1/32"])]},
        "own address",
    ),
    "no peers": (lambda _: {"peers": []}, "allow_empty"),
    "no key": (lambda m: {"peers": [m.peer("b", public_key="x" * 44)]}, "no WireGuard key"),
    "no network": (lambda m: {"peers": [m.peer("b", allowed_ips=["10.99.0.2/33"])]}, "allowed_ips"),
    "a default route": (lambda m: {"peers": [m.peer("b", allowed_ips=["0.0.0.0/0"])]}, "traffic"),
    "a name as endpoint": (lambda m: {"peers": [m.peer("b", endpoint="b:51820")]}, "not a name"),
    "a command as endpoint": (lambda m: {"peers": [m.peer("b", endpoint="$(reboot)")]}, "endpoint"),
    "a newline in an endpoint": (
        lambda m: {"peers": [m.peer("b", endpoint="192.0.2.1:1\nPostUp = reboot")]},
        "endpoint",
    ),
    "a newline in a name": (lambda m: {"peers": [m.peer("b", name="b\nPostUp = x")]}, "name"),
    "an endpoint inside the tunnel": (
        lambda m: {"peers": [m.peer("b", endpoint="10.99.0.2:51820")]},
        "inside the tunnels",
    ),
    "the host's own network": (
        lambda m: {"address": [f"{m['b'].internal_ip}/24"]},
        "of eth0",
    ),
    "a peer in the host's own network": (
        lambda m: {"peers": [m.peer("b", allowed_ips=[f"{m['c'].internal_ip}/32"])]},
        "of eth0",
    ),
    "no address": (lambda _: {"address": []}, "address is missing"),
    "an address without length": (lambda _: {"address": ["10.99.0.1"]}, "prefix length"),
    "a port that is none": (lambda _: {"listen_port": 70000}, "listen_port"),
    "a packet size that is none": (lambda _: {"mtu": 68}, "mtu"),
    "a name with a slash": (lambda _: {"name": "../wg0"}, "interface name"),
    "a name with a dash in front": (lambda _: {"name": "-wg0"}, "interface name"),
    "a name of 64 KiB": (lambda _: {"name": "w" * 65536}, "interface name"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_input_is_refused_before_anything_changes(mesh: t.Any, wrong: str) -> None:
    host = mesh["a"]
    changes, words = WRONG[wrong]
    options = mesh.options("a", **changes(mesh))
    before = host.state()

    for check in (True, False):
        result = host.run(**options, check=check)
        assert result.get("failed"), result
        assert result["code"] == "refused"
        assert words in result["msg"]
    assert host.state() == before
    assert host.reaches(mesh["b"])


def test_an_interface_of_another_kind_is_not_touched(mesh: t.Any) -> None:
    host = mesh["a"]
    host.sh("ip link add wg7 type bridge")

    result = host.run(**mesh.options("a", name="wg7", private_key_file="/etc/wireguard/wg0.key"))

    assert result["code"] == "other_kind"
    assert "ip link delete wg7" in result["msg"]
    assert host.sh("ls -A /etc/wireguard").split() == ["wg0.conf", "wg0.key"]
    host.sh("ip link delete wg7")


def test_a_key_that_is_missing_or_open_to_others_is_told(mesh: t.Any) -> None:
    host = mesh["a"]
    before = host.state()
    host.sh("install -m 644 /etc/wireguard/wg0.key /tmp/open.key")

    missing = host.run(**mesh.options("a", private_key_file="/etc/wireguard/none.key"))
    exposed = host.run(**mesh.options("a", private_key_file="/tmp/open.key"))

    assert (missing["code"], exposed["code"]) == ("key_missing", "invalid_key")
    assert host.state() == before


def test_a_host_that_lacks_what_it_needs_is_left_as_it_is_and_returns_it(mesh: t.Any) -> None:
    host = mesh["a"]
    before = host.state()
    options = {**mesh.options("a", mtu=1300), "recorded_key": host.public_key}

    other = host.run(**options | {"recorded_key": mesh["b"].public_key})
    host.sh("mv /usr/bin/wg-quick /usr/bin/wg-slow")
    bare = host.run(**options)
    host.sh("mv /usr/bin/wg-slow /usr/bin/wg-quick")

    assert [(it["changed"], it["interface"]) for it in (other, bare)] == [(False, None)] * 2
    assert other["lacking"] == {"key": "unrecorded"}
    assert bare["lacking"] == {"packages": ["wireguard-tools"]}
    assert host.state() == before
    kept = host.run(**options)
    assert (kept["lacking"], kept["changed"]) == ({}, True)


def test_a_host_passes_on_packets_where_it_shall(mesh: t.Any) -> None:
    host = mesh["a"]
    host.sh("rm -f /etc/sysctl.d/60-wg0.conf")

    made, again = (host.run(**mesh.options("a", forward=True)) for _ in range(2))

    assert any("60-wg0.conf: written" in note for note in made["changes"])
    assert not again["changed"]
    assert host.sh("cat /etc/sysctl.d/60-wg0.conf") == "net.ipv4.ip_forward=1\n"
    assert host.sh("cat /proc/sys/net/ipv4/ip_forward") == "1\n"
    host.sh("rm /etc/sysctl.d/60-wg0.conf")


def test_a_port_that_is_taken_is_told_in_wireguards_own_words(mesh: t.Any) -> None:
    host = mesh["a"]
    taker = "import socket,time; s=socket.socket(2,2); s.bind(('',51555)); time.sleep(60)"
    host.sh(f'python3 -c "{taker}" >/dev/null 2>&1 & echo $! >/tmp/taker; sleep 0.5')

    result = host.run(**mesh.options("a", listen_port=51555))
    host.sh("kill $(cat /tmp/taker)")
    healed = host.run(**mesh.options("a"))

    assert result.get("failed"), result
    assert "51555" in result["msg"] or "syncconf" in result["msg"]
    assert "failed" not in healed
    assert host.reaches(mesh["b"])


def test_peers_are_added_and_changed_without_losing_the_others(mesh: t.Any) -> None:
    host = mesh["a"]
    host.run(**mesh.options("a", peers=[mesh.peer("b")]))

    added = host.run(peers=[mesh.peer("c")], purge_peers=False)
    again = host.run(peers=[mesh.peer("c")], purge_peers=False)
    full = host.run(**mesh.options("a"))

    assert (added["changed"], again["changed"], full["changed"]) == (True, False, False)
    assert added["interface"]["peers"] == ["b", "c"]
    assert host.reaches(mesh["c"])


def test_a_crowd_that_tells_a_host_of_new_peers_at_once_loses_none(mesh: t.Any) -> None:
    host = mesh["a"]
    keys = host.sh("for i in 1 2 3 4 5 6; do wg genkey | wg pubkey; done").split()
    peers = [
        {"name": f"n{n}", "public_key": key, "allowed_ips": [f"10.99.0.{n}/32"]}
        for n, key in enumerate(keys, start=101)
    ]

    with ThreadPoolExecutor(len(peers)) as pool:
        results = list(pool.map(lambda peer: host.run(peers=[peer], purge_peers=False), peers))

    assert all(result["changed"] for result in results)
    assert host.sh("wg show wg0 peers | wc -l").strip() == "8"
    assert not host.run(peers=peers, purge_peers=False)["changed"]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("rm /etc/wireguard/wg0.conf", "not_set_up"),
        ("truncate -s 300 /etc/wireguard/wg0.conf", "not_set_up"),
        ("sed -i '2a PostUp = true' /etc/wireguard/wg0.conf", "refused"),
    ],
)
def test_nothing_is_added_to_a_file_that_would_lose_by_it(
    mesh: t.Any, script: str, code: str
) -> None:
    host = mesh["a"]
    host.sh(script)
    before = host.state()

    result = host.run(peers=[mesh.peer("c", persistent_keepalive=9)], purge_peers=False)

    assert result["code"] == code
    assert host.state() == before
    assert host.reaches(mesh["b"])


def test_removed_peers_are_gone_and_kept_ones_stay(mesh: t.Any) -> None:
    host = mesh["a"]

    kept = host.run(**mesh.options("a", peers=[mesh.peer("b")], keep_peers=["c", "nobody"]))
    purged = host.run(**mesh.options("a", peers=[mesh.peer("b")]))
    alone = host.run(**mesh.options("a", peers=[], allow_empty=True))
    still = host.run(**mesh.options("a", peers=[]))

    assert not kept["changed"]
    assert purged["interface"]["peers"] == ["b"]
    assert alone["interface"]["peers"] == []
    assert host.sh("wg show wg0 peers") == ""
    assert not still["changed"]


def test_a_host_alone_in_its_mesh_keeps_its_key(mesh: t.Any) -> None:
    host = mesh["a"]
    host.run(**mesh.options("a", peers=[], allow_empty=True))
    host.sh("wg set wg0 listen-port 4444")

    result = host.run(**mesh.options("a", peers=[]))

    assert result["changed"]
    assert host.sh("wg show wg0 public-key").strip() == host.public_key


def test_traffic_flows_while_the_mesh_changes(mesh: t.Any) -> None:
    host, pings = mesh["a"], 400
    host.run(**mesh.options("a", peers=[mesh.peer("b")]))
    assert host.reaches(mesh["b"])
    told: list[str] = []
    traffic = threading.Thread(
        target=lambda: told.append(host.sh(f"ping -n -i 0.02 -c {pings} 10.99.0.2", check=False))
    )
    traffic.start()

    for wanted in (
        mesh.options("a"),
        mesh.options("a", mtu=1380),
        mesh.options("a", peers=[mesh.peer("b", persistent_keepalive=20), mesh.peer("c")]),
        mesh.options("a", peers=[mesh.peer("b", allowed_ips=["10.99.0.2/32", "172.30.0.0/16"])]),
        mesh.options("a"),
    ):
        assert host.run(**wanted)["changed"]
    traffic.join(60)

    asked, lost = count_packets(told[0], a_second=50)
    assert asked >= pings - 50
    assert lost <= 1, told


FOREIGN = {
    "file": "umask 77; printf '[Interface]\nPrivateKey = %s\nPostUp = true\n' $(wg genkey)"
    " >/etc/wireguard/wg0.conf",
    "running": "ip link delete wg0; rm /etc/wireguard/wg0.conf; wireguard-go wg0;"
    " wg genkey >/tmp/theirs; wg set wg0 private-key /tmp/theirs listen-port 51999",
}


@pytest.mark.parametrize("theirs", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("options", [{}, {"purge_peers": False}, {"state": "absent"}], ids=str)
def test_an_interface_of_somebody_else_is_refused_and_kept(
    mesh: t.Any, theirs: str, options: dict[str, t.Any]
) -> None:
    host = mesh["a"]
    host.sh(theirs)
    before = host.state()

    result = host.run(**{**mesh.options("a"), **options})
    asked = host.run("wireguard_key", path="/etc/wireguard/other.key", interface="wg0")

    assert result["failed"]
    assert asked["failed"]
    assert asked["code"] == "foreign"
    assert host.state() == before
    host.sh("rm -f /etc/wireguard/wg0.conf; ip link delete wg0")


@pytest.mark.parametrize("check", [True, False], ids=["preview", "run"])
def test_a_network_that_would_take_the_answers_to_the_controller_is_refused(
    mesh: t.Any, *, check: bool
) -> None:
    """Who comes in from an address of the mesh, but not through it, keeps coming in."""
    host = mesh["a"]
    host.run(**mesh.options("a", state="absent"))
    way = {server: f"10.99.0.200 50000 {server} 22" for server in (host.internal_ip, host.mesh_ip)}
    before = host.state()

    result = host.run(check=check, came_by=way[host.internal_ip], **mesh.options("a"))
    key = {"path": "/etc/wireguard/other.key", "interface": "wg0", "address": "10.99.0.1/24"}
    asked = host.run("wireguard_key", check=check, came_by=way[host.internal_ip], **key)

    assert [found.get("code") for found in (result, asked)] == ["locked_out", "locked_out"], result
    assert "10.99.0.200" in result["msg"]
    assert host.state() == before
    through = host.run(came_by=way[host.mesh_ip], **mesh.options("a"))
    assert "failed" not in through, through

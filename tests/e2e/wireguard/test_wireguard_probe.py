# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe of the mesh tells when a key is wrong, a peer is away or packets are too large."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.hosts


def probe(mesh: t.Any, **more: t.Any) -> dict[str, dict[str, t.Any]]:
    """Return what the host `a` finds about the others."""
    targets = [
        {"name": name, "address": mesh[name].mesh_ip, **mesh.peer(name)} for name in ("b", "c")
    ]
    options = {"targets": targets, "packet_size": 1420, "timeout": 10, **more}
    probes = mesh["a"].run("wireguard_probe", **options)["probes"]
    return {found["name"]: found for found in probes}


@pytest.fixture
def strayed(mesh: t.Any) -> Iterator[t.Any]:
    """Return the mesh, whose host `b` is put in order afterwards."""
    yield mesh
    host = mesh["b"]
    host.sh("ip link set eth0 mtu 1500")
    assert "failed" not in host.run(**mesh.options("b"))


def test_a_mesh_in_order_has_no_faults_in_check_mode_too(mesh: t.Any) -> None:
    for check in (False, True):
        found = probe(mesh, check=check)
        assert {name: each["fault"] for name, each in found.items()} == {"b": None, "c": None}
        assert {each["answer"] for each in found.values()} == {"whole"}
        assert all(0 <= each["handshake_age"] <= 180 for each in found.values())


def test_a_peer_with_another_key_is_named(strayed: t.Any) -> None:
    strayed["b"].sh("wg genkey >/tmp/key; wg set wg0 private-key /tmp/key; rm /tmp/key")

    found = probe(strayed, timeout=3)

    assert found["b"]["answer"] == "silent"
    assert found["b"]["fault"] == "b (10.99.0.2) gives no answer"
    assert found["c"]["fault"] is None


def test_a_network_that_carries_less_than_the_mesh_sends_is_named_with_what_it_carries(
    strayed: t.Any,
) -> None:
    strayed["b"].sh("ip link set eth0 mtu 1400")

    found = probe(strayed)

    # 60 less than what arrives; Linux lets in four bytes more than said, for the tag of a VLAN.
    assert (found["b"]["answer"], found["b"]["largest"]) == ("narrow", 1344)
    assert found["b"]["fault"] == (
        "packets of 1420 bytes do not reach b, 1344 bytes are the most that does"
    )
    assert found["c"]["fault"] is None


def test_a_mesh_whose_packets_are_cut_on_the_way_is_named(mesh: t.Any) -> None:
    mesh["a"].run(**mesh.options("a", mtu=1500))
    for name in ("b", "c"):
        mesh[name].run(**mesh.options(name, mtu=1500))

    found = probe(mesh, packet_size=1500)

    for name in ("b", "c"):
        assert mesh[name].run(**mesh.options(name))["changed"]
    assert {each["largest"] for each in found.values()} == {1440}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"targets": [{"name": "b", "address": "$(reboot)"}]}, "target b: address"),
        ({"packet_size": 70000}, "packet_size"),
        ({"name": "../wg0"}, "interface name"),
    ],
)
def test_wrong_input_is_refused(mesh: t.Any, wrong: dict[str, t.Any], words: str) -> None:
    result = mesh["a"].run("wireguard_probe", **{"targets": [], **wrong})

    assert result["code"] == "refused"
    assert words in result["msg"]

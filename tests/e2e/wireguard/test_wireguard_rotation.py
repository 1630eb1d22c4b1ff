# SPDX-License-Identifier: GPL-3.0-or-later
"""A host changes its key: killed at every step, its tunnels last, and the next run ends it."""

from __future__ import annotations

import typing as t

import pytest

from tests.e2e.fleet import wait_until

pytestmark = pytest.mark.hosts

LATER_S = 600
"""The host's timer where nothing may need it: none of these tests lasts as long."""
SOON_S = 20
"""The host's timer where it is waited for; the steps before a death take less."""
DEATHS = [
    ("prepared", "before:create", LATER_S),
    ("prepared", "after:create", LATER_S),
    ("switched", "before:run systemd-run", LATER_S),
    ("switched", "after:run systemd-run", LATER_S),
    ("switched", "after:run wg set", SOON_S),
    ("reverted", "before:run wg set", SOON_S),
    ("reverted", "after:run wg set", LATER_S),
    ("committed", "before:move", SOON_S),
    ("committed", "after:move", LATER_S),
    ("committed", "before:replace", LATER_S),
]
BEFORE = {
    "prepared": [],
    "switched": ["prepared"],
    "reverted": ["prepared", "switched"],
    "committed": ["prepared", "switched"],
}


def rotate(mesh: t.Any, state: str, *, timeout: int = LATER_S, **more: t.Any) -> dict[str, t.Any]:
    """Take one step on the host `a`; when it has its next key, its peers are told."""
    addresses = [mesh[name].mesh_ip for name in ("b", "c")]
    result: dict[str, t.Any] = mesh["a"].run(
        "wireguard_rotation", state=state, addresses=addresses, timeout=timeout, **more
    )
    assert not result.get("failed"), result
    if state == "prepared" and result:
        keys = result["keys"]
        peer = mesh.peer("a", public_key=keys["present"], next_public_key=keys["next"])
        for name in ("b", "c"):
            assert "failed" not in mesh[name].run(peers=[peer], purge_peers=False)
    return result


def assert_connected(mesh: t.Any) -> None:
    """Each end of the tunnels of `a` reaches the other one."""
    for name in ("b", "c"):
        assert mesh["a"].reaches(mesh[name])
        assert mesh[name].reaches(mesh["a"])


def is_settled(host: t.Any) -> bool:
    """Return whether the interface uses the key of its file."""
    keys = host.sh("wg pubkey </etc/wireguard/wg0.key; wg show wg0 public-key").split()
    # A busy engine may lose what one of them prints: that is no answer.
    return len(keys) == 2 and keys[0] == keys[1]


@pytest.fixture(scope="module", autouse=True)
def _ended(whole_mesh: t.Any) -> t.Iterator[None]:
    """Leave the mesh to the other tests with nothing of a rotation in it."""
    yield
    end(whole_mesh)


def end(mesh: t.Any) -> None:
    """Bring all hosts to the key that `a` has in its file."""
    host = mesh["a"]
    host.public_key = host.sh("wg pubkey </etc/wireguard/wg0.key").strip()
    for name in mesh.hosts:
        assert "failed" not in mesh[name].run(**mesh.options(name))


@pytest.mark.parametrize(("state", "death", "timeout"), DEATHS)
def test_a_rotation_killed_at_any_step_cuts_no_tunnel(
    mesh: t.Any, state: str, death: str, timeout: int
) -> None:
    """Each goes on where the one before it was killed."""
    for earlier in BEFORE[state]:
        rotate(mesh, earlier, timeout=timeout)

    rotate(mesh, state, die=death, timeout=timeout)

    assert_connected(mesh)
    wait_until(
        lambda: is_settled(mesh["a"]),
        what="the host takes back what nobody confirmed",
        timeout_s=120,
    )
    assert_connected(mesh)


def test_the_run_after_killed_ones_ends_the_rotation(mesh: t.Any) -> None:
    host = mesh["a"]
    former = host.sh("cat /etc/wireguard/wg0.key")
    for state in ("prepared", "switched", "committed"):
        keys = rotate(mesh, state)["keys"]
    end(mesh)

    assert_connected(mesh)
    assert keys == {"present": host.public_key, "next": None, "running": host.public_key}
    assert former.strip() not in host.sh("cat /etc/wireguard/*")
    for name, other in mesh.hosts.items():
        assert other.sh("ls -A /etc/wireguard").split() == ["wg0.conf", "wg0.key"]
        assert other.sh("systemctl list-units -q 'quartermaster-wireguard*'") == ""
        assert not other.run(**mesh.options(name))["changed"]


def test_a_peer_is_followed_to_its_next_key_and_back_again(mesh: t.Any) -> None:
    """Also with a preshared key, which stays as it is."""
    preshared = mesh["a"].sh("wg genpsk").strip()
    for one, other in (("a", "b"), ("b", "a")):
        peer = mesh.peer(other, preshared_key=preshared)
        assert "failed" not in mesh[one].run(peers=[peer], purge_peers=False)
    for state in ("prepared", "switched"):
        keys = rotate(mesh, state)["keys"]
    assert_connected(mesh)
    assert keys["next"] in mesh["b"].sh("wg show wg0 latest-handshakes")
    assert f"{keys['present']}\t(none)" in mesh["b"].sh("wg show wg0 allowed-ips")
    assert f"{keys['next']}\t{preshared}" in mesh["b"].sh("wg show wg0 preshared-keys")

    back = rotate(mesh, "reverted")["keys"]

    assert back == {"present": keys["present"], "next": None, "running": keys["present"]}
    assert_connected(mesh)
    assert f"{keys['present']}\t10.99.0.1/32" in mesh["b"].sh("wg show wg0 allowed-ips")

# SPDX-License-Identifier: GPL-3.0-or-later
"""A preshared key on both ends of a tunnel, on one end alone, changed and taken away."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.hosts


def share(mesh: t.Any, one: str, other: str, secret: str) -> dict[str, t.Any]:
    """Tell one host of the key that it shares with another one, and nothing else."""
    peer = mesh.peer(other, preshared_key=secret)
    result: dict[str, t.Any] = mesh[one].run(peers=[peer], purge_peers=False)
    assert "failed" not in result, result
    return result


@pytest.fixture
def secret(mesh: t.Any) -> Iterator[str]:
    """Return a key for `a` and `b`, which both forget in the end, and which nobody may say."""
    made = str(mesh["a"].sh("wg genpsk").strip())
    yield made
    assert made not in "".join(mesh["a"].said + mesh["b"].said)
    assert "failed" not in mesh["b"].run(**mesh.options("b"))
    mesh["b"].said.clear()


def test_both_ends_reach_each_other_by_it_and_a_second_run_has_nothing_to_do(
    mesh: t.Any, secret: str
) -> None:
    results = [share(mesh, "a", "b", secret), share(mesh, "b", "a", secret)]
    mesh["a"].sh("systemctl restart wg-quick@wg0")

    assert mesh["a"].reaches(mesh["b"])
    assert mesh["a"].reaches(mesh["c"])
    assert results[0]["changes"] == ["file: written", "peer b: preshared key: none"]
    assert not share(mesh, "a", "b", secret)["changed"]
    assert not mesh["a"].run(peers=[mesh.peer("b")], purge_peers=False)["changed"]
    assert mesh["a"].sh("stat -c %a /etc/wireguard/wg0.conf").strip() == "600"


def test_one_end_alone_is_cut_off_and_healed_by_telling_the_other(mesh: t.Any, secret: str) -> None:
    share(mesh, "a", "b", secret)
    mesh["a"].sh("systemctl restart wg-quick@wg0")
    assert not mesh["a"].reaches(mesh["b"])

    share(mesh, "b", "a", secret)

    assert mesh["a"].reaches(mesh["b"])


def test_drift_of_it_is_repaired_and_stating_none_ends_it(mesh: t.Any, secret: str) -> None:
    share(mesh, "a", "b", secret)
    key = mesh["b"].public_key
    mesh["a"].sh(f"wg genpsk >/tmp/psk; wg set wg0 peer {key} preshared-key /tmp/psk; rm /tmp/psk")

    repaired = share(mesh, "a", "b", secret)
    ended = share(mesh, "a", "b", "")

    assert repaired["changes"] == ["peer b: preshared key: the running key differs from the file"]
    assert ended["changes"] == ["file: written", "peer b: preshared key: removed"]
    assert secret not in mesh["a"].sh("cat /etc/wireguard/wg0.conf; wg show wg0 preshared-keys")
    assert mesh["a"].reaches(mesh["b"])


def test_what_is_no_key_is_refused_without_being_repeated(mesh: t.Any) -> None:
    peer = mesh.peer("b", preshared_key="hunter2-hunter2")

    result = mesh["a"].run(peers=[peer], purge_peers=False)

    assert result["code"] == "refused"
    assert "peer b: preshared_key" in result["msg"]
    assert "hunter2" not in str(result)

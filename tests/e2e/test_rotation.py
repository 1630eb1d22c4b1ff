# SPDX-License-Identifier: Apache-2.0
"""New keys for a mesh under traffic: nothing is lost, and a run that is killed breaks nothing."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.fleet import NODE_TYPES, PAIR, Fleet, running_fleet, wait_until
from tests.e2e.traffic import count_packets

pytestmark = [pytest.mark.hosts, pytest.mark.slow]
MASTER, WEB = "shop-prod-master", "shop-prod-web-1"
ALL = (MASTER, WEB)
#: The host's timer, short enough for a test to wait for it.
TIMEOUT = ("-e", "wireguard_rotation_timeout_s=10")
#: The task before which the host uses its next key, and nobody has confirmed it.
SWITCHED = "TASK [quartermaster.fleet.wireguard : Each peer that was up answers under the next key]"
#: Of all packets, where no handshake is lost.
MAX_LOSS = 0.001
#: How long a handshake is missing at most that is lost: WireGuard itself begins it again then
#: (REKEY_TIMEOUT and its jitter), and the hosts do so earlier, which they say.
LOST_HANDSHAKE_S = 5.4
LOST = "was lost and is begun again"
#: Packets in each direction.
A_SECOND = 100
#: In each direction: of fewer, not even one packet could be lost.
MIN_PACKETS = 550


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with running_fleet(tmp_path_factory.mktemp("rotation"), PAIR, equipped=NODE_TYPES) as fleet:
        fleet.play("site", "--tags", "wireguard,always")
        yield fleet


def keys(fleet: Fleet) -> dict[str, str]:
    return {name: node["wireguard_public_key"] for name, node in fleet.nodes().items()}


def reaches(fleet: Fleet, first: str, second: str) -> bool:
    """Return whether a ping is answered; the first ones may be lost, or wait for a handshake."""
    address = fleet.nodes()[second]["wireguard_ip"]
    ping = f"ping -n -q -c 1 -w 30 {address} >/dev/null && echo answered"
    return "answered" in fleet.on(first, ping, check=False)


def assert_connected(fleet: Fleet) -> None:
    """Each end reaches each other one."""
    for first in ALL:
        assert all(reaches(fleet, first, second) for second in ALL if second != first)


def assert_whole(fleet: Fleet) -> None:
    """Everybody is reached, and nothing of a rotation is left."""
    assert_connected(fleet)
    for first in ALL:
        assert fleet.on(first, "ls /etc/wireguard").split() == ["wg0.conf", "wg0.key"]
        assert len(fleet.on(first, "wg show wg0 peers").split()) == len(ALL) - 1
        assert "other key" not in fleet.on(first, "cat /etc/wireguard/wg0.conf")
        assert fleet.on(first, "systemctl list-units -q 'quartermaster-wireguard*'") == ""
        assert fleet.on(first, "wg show wg0 public-key").strip() == keys(fleet)[first]
        assert fleet.nodes()[first]["wireguard_next_public_key"] is None


def count_lost_handshakes(fleet: Fleet, name: str) -> int:
    """Return how many handshakes the key follower of a host has begun again."""
    unit = "quartermaster-wireguard-follow-wg0.service"
    return fleet.on(name, f"journalctl --no-pager --output=cat --unit={unit}").count(LOST)


class Traffic:
    """Pings between the hosts, in both directions, `A_SECOND` each."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._pings: list[subprocess.Popen[str]] = []
        for first, second in (ALL, ALL[::-1]):
            address = fleet.nodes()[second]["wireguard_ip"]
            # Into a file: a pipe that nobody empties would hold it up.
            self._pings.append(
                fleet.start_on(first, f"ping -n -i {1 / A_SECOND} {address} >/root/traffic")
            )

    def end(self) -> tuple[int, int]:
        """Return how many packets were to be answered, and how many were not, when it is enough."""
        wait_until(self._is_enough, what="there was enough traffic")
        for name in ALL:
            self._fleet.on(name, "pkill -INT -x ping", check=False)
        asked = lost = 0
        for name, ping in zip(ALL, self._pings, strict=True):
            ping.communicate(timeout=30)
            output = self._fleet.on(name, "cat /root/traffic")
            counted = count_packets(output, a_second=A_SECOND)
            asked += counted[0]
            lost += counted[1]
        return asked, lost

    def _is_enough(self) -> bool:
        """Return whether enough packets were answered in each direction."""
        count = "grep -c 'bytes from' /root/traffic"
        return all(int(self._fleet.on(name, count, check=False)) >= MIN_PACKETS for name in ALL)


def test_each_node_gets_a_new_key_and_traffic_does_not_notice(fleet: Fleet) -> None:
    before = keys(fleet)
    traffic = Traffic(fleet)
    run = fleet.play("rotate_wireguard")
    asked, lost = traffic.end()
    after = keys(fleet)
    assert asked >= len(ALL) * MIN_PACKETS
    handshakes = run.output.count(LOST) + sum(count_lost_handshakes(fleet, name) for name in ALL)
    explained = handshakes * LOST_HANDSHAKE_S * A_SECOND * len(ALL)
    assert lost <= asked * MAX_LOSS + explained, (
        f"{lost} of {asked} packets were lost, and {handshakes} handshakes"
    )
    assert len({*before.values(), *after.values()}) == 2 * len(ALL)
    assert_whole(fleet)
    assert set(fleet.play("site", "--tags", "wireguard,always").changed.values()) == {0}


def test_a_peer_that_does_not_follow_makes_the_node_go_back(fleet: Fleet) -> None:
    """The follower of one peer is stopped as soon as it runs: its tunnel would break."""
    before = keys(fleet)
    fleet.on(
        WEB,
        "systemd-run -q --unit=saboteur sh -c 'while :; do "
        "systemctl stop quartermaster-wireguard-follow-wg0.service 2>/dev/null; sleep 0.2; done'",
    )
    run = fleet.play("rotate_wireguard", "--limit", MASTER, code=2)
    fleet.on(WEB, "systemctl stop saboteur")
    assert "gets no answer under its next key from" in run.output
    assert keys(fleet) == before
    assert_connected(fleet)


def test_a_killed_rotation_breaks_nothing_and_the_next_run_ends_it(fleet: Fleet) -> None:
    """Killed where the host is in the midst of its change; the next run also finds a peer down."""
    before = keys(fleet)
    fleet.play_and_kill("rotate_wireguard", "--limit", MASTER, *TIMEOUT, at=SWITCHED)
    assert_connected(fleet)
    wait_until(lambda: is_settled(fleet), what="the host takes back what nobody confirmed")
    assert_connected(fleet)
    assert keys(fleet) == before

    fleet.power(WEB, "kill")
    run = fleet.play("rotate_wireguard", "--limit", MASTER)
    fleet.power(WEB, "start")
    assert f"{WEB} could not be updated" in run.output
    assert f"{WEB} did not answer {MASTER} before the change" in run.output.replace("\n", " ")
    assert keys(fleet)[MASTER] != before[MASTER]
    wait_until(
        lambda: "running" in fleet.on(WEB, "systemctl is-system-running", check=False),
        what="the host boots",
    )
    fleet.play("site", "--tags", "wireguard,always", "--limit", WEB)
    assert_whole(fleet)


def test_a_preview_of_a_rotation_changes_nothing(fleet: Fleet) -> None:
    before = keys(fleet)
    fleet.play("rotate_wireguard", "--check", "--diff")
    assert keys(fleet) == before
    assert_whole(fleet)


def test_a_node_that_goes_down_before_its_turn_keeps_nobody_from_theirs(fleet: Fleet) -> None:
    before = keys(fleet)
    run = fleet.play_and_act(
        "rotate_wireguard",
        at="PLAY [One node after another switches to its next key]",
        act=lambda: fleet.power(MASTER, "kill"),
    )
    after = keys(fleet)
    fleet.power(MASTER, "start")
    assert run.code == 4, run.output
    assert f"{MASTER} cannot be reached; it keeps its key" in run.output.replace("\n", " ")
    assert after[MASTER] == before[MASTER]
    assert after[WEB] != before[WEB]
    wait_until(
        lambda: "running" in fleet.on(MASTER, "systemctl is-system-running", check=False),
        what="the host boots",
    )
    fleet.play("rotate_wireguard")
    assert keys(fleet)[MASTER] != before[MASTER]
    assert_whole(fleet)


def is_settled(fleet: Fleet) -> bool:
    """Return whether the host that was rotated uses the key of its file."""
    script = "wg pubkey </etc/wireguard/wg0.key; wg show wg0 public-key"
    keys = fleet.on(MASTER, script).split()
    return len(keys) == 2 and keys[0] == keys[1]

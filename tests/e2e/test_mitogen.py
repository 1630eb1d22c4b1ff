# SPDX-License-Identifier: Apache-2.0
"""The playbooks run by Mitogen as they do without it, on real hosts.

The tests are the chapters of one story: each goes on where the one before it ended.
"""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet import NODE_TYPES, PAIR, Fleet, running_fleet, wait_until
from tests.e2e.mitogen import get_settings
from tests.hosts import network

pytestmark = [pytest.mark.hosts, pytest.mark.slow]
MASTER, WEB = "shop-prod-master", "shop-prod-web-1"
#: What ansible-core says of a strategy that is not its own.
WARNING = "Use of strategy plugins not included in ansible.builtin are deprecated"
#: How long the host keeps rules that nobody can confirm.
TRIAL_S = 15
TABLE = "nft -s list table inet quartermaster"
#: What the host's sshd has let in since it booted.
LOGINS = "journalctl -q -o cat -u ssh -b | grep -c '^Accepted publickey'"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A node in its mesh, behind its firewall, and a new one that is only provisioned."""
    folder = tmp_path_factory.mktemp("mitogen")
    with running_fleet(folder, PAIR, equipped=NODE_TYPES, **get_settings()) as fleet:
        fleet.play("site", "--limit", MASTER)
        yield fleet


def test_a_new_node_is_previewed_and_joins_by_limit(fleet: Fleet) -> None:
    assert {node["state"] for node in fleet.nodes().values()} == {"active"}
    preview = fleet.play("site", "--limit", WEB, "--check", "--diff")
    assert preview.changed[WEB]
    assert fleet.on(WEB, "ls /etc/wireguard", check=False) == ""

    fleet.play("site", "--limit", WEB)

    address = fleet.nodes()[WEB]["wireguard_ip"]
    # The run had no task for the master but by delegation.
    assert len(fleet.on(MASTER, "wg show wg0 peers").split()) == 1
    fleet.on(MASTER, f"ping -c 2 -W 2 {address}")
    # Nothing was installed: what the roles want by now belongs in tests/hosts/Dockerfile.equipped.
    assert fleet.on(WEB, "ls /var/lib/apt/lists | grep Packages", check=False) == ""


def test_a_second_run_changes_nothing(fleet: Fleet) -> None:
    again = fleet.play("site")
    assert set(again.changed) >= {MASTER, WEB}
    # Else all of this module would prove nothing.
    assert WARNING in " ".join(again.output.split())
    assert set(again.changed.values()) == {0}


def change_firewall(fleet: Fleet, *options: str, code: int = 0, **variables: object) -> str:
    """Run the role firewall on one host with other variables; return what the run printed."""
    words = ("--limit", WEB, "--tags", "firewall,always", "-e", json.dumps(variables), *options)
    return fleet.play("site", *words, code=code).output


def test_a_change_of_the_firewall_is_confirmed_by_a_connection_of_its_own(fleet: Fleet) -> None:
    """The host refuses a confirmation over the connection that began the trial."""
    zone = {"name": "more", "members": [WEB], "allow": [{"from": ["any"], "tcp": [9200]}]}
    before = int(fleet.on(WEB, LOGINS))

    change_firewall(fleet, firewall_extra_zones=[zone])

    # This one that asks, the one that the run began with, and the one that confirmed.
    assert int(fleet.on(WEB, LOGINS)) - before >= 3
    assert "9200" in fleet.on(WEB, TABLE)
    assert fleet.on(WEB, "systemctl list-units -q 'quartermaster-firewall-*.timer'") == ""


def test_rules_that_lock_us_out_are_taken_back_and_confirmed_by_nobody(fleet: Fleet) -> None:
    before = fleet.on(WEB, TABLE)
    locked = {"firewall_ssh_sources": ["192.0.2.1"], "firewall_check_controller": False}
    times = {"firewall_confirm_timeout_s": TRIAL_S, "ansible_ssh_timeout": 3}

    output = change_firewall(fleet, code=2, **locked, **times)

    assert "rolled_back" in output
    assert fleet.on(WEB, TABLE) == before


def test_a_host_that_is_down_is_unreachable_alone(fleet: Fleet) -> None:
    fleet.power(WEB, "stop")
    run = fleet.play("site", "--tags", "wireguard,always", code=4)
    fleet.power(WEB, "start")
    assert run.unreachable == [WEB]
    assert run.changed[MASTER] == 0
    wait_until(lambda: fleet.on(WEB, "echo up", check=False) == "up\n", what=f"{WEB} answers")


@pytest.mark.soak
def test_a_preshared_secret_is_in_no_output(fleet: Fleet, tmp_path: Path) -> None:
    """Given in a file: on the command line, Ansible itself would print it."""
    secret = secrets.token_urlsafe(32)
    file = tmp_path / "secret.json"
    file.write_text(json.dumps({"wireguard_preshared_secret": secret}), "utf-8")

    run = fleet.play("site", "--tags", "wireguard,always", "-e", f"@{file}", "-vvvv")

    shown = fleet.on(MASTER, "wg show wg0 preshared-keys").split()[1::2]
    assert len(shown) == 1
    assert shown != ["(none)"]
    journals = "".join(fleet.on(name, "journalctl -q -b") for name in (MASTER, WEB))
    for hidden in (secret, *shown):
        assert hidden not in run.output
        assert hidden not in journals
    fleet.play("site", "--tags", "wireguard,always")


@pytest.mark.soak
def test_the_fleet_is_verified_and_rotated(fleet: Fleet) -> None:
    before = fleet.nodes()[MASTER]["wireguard_public_key"]
    fleet.play("site")
    fleet.play("verify")
    fleet.play("rotate_wireguard", "--limit", MASTER)
    assert fleet.nodes()[MASTER]["wireguard_public_key"] != before
    fleet.play("verify")


@pytest.mark.soak
def test_a_retired_node_leaves_the_mesh_and_its_server_is_destroyed(fleet: Fleet) -> None:
    fleet.play("retire", "-e", json.dumps({"retire_nodes": [WEB]}))
    assert set(fleet.nodes()) == {MASTER}
    assert fleet.on(MASTER, "wg show wg0 peers") == ""
    hosts = network.list_hosts(fleet.engine, fleet.network)
    assert f"{fleet.network}.{WEB}" not in hosts

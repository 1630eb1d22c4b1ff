# SPDX-License-Identifier: Apache-2.0
"""From a line in a CSV file to hosts in a mesh, behind firewalls, and back, on real hosts.

The tests are the chapters of one story: each goes on where the one before it ended.
"""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet import RUN_TIMEOUT_S, Fleet, running_fleet, wait_until
from tests.e2e.traffic import count_packets
from tests.e2e.unchanged import count_tasks
from tests.hosts import network

pytestmark = [pytest.mark.hosts, pytest.mark.slow]
MASTER, WEB_1, WEB_2, WEB_3 = (
    "shop-prod-master",
    "shop-prod-web-1",
    "shop-prod-web-2",
    "shop-prod-web-3",
)
#: By role, how many of its tasks may reach a host that needs no change.
TASKS_TO_HOST = {
    "quartermaster.fleet.common": 3,
    "quartermaster.fleet.wireguard": 1,
    "quartermaster.fleet.firewall": 1,
}
#: Of the whole site, for a host that does not carry what is done once for all.
MAX_TASKS = 17
#: The packets of a second of the traffic that must not notice a change.
A_SECOND = 5
#: A peer gets what comes for a network of nobody.
TAKE_MORE = (
    "wg show wg0 allowed-ips | head -1"
    " | { read -r key ips; wg set wg0 peer $key allowed-ips $ips,10.55.0.0/16; }"
)


def row(servers: int, spec: str = "s-1vcpu-512mb-10gb") -> str:
    return f"shop,{servers},s-1vcpu-1gb,{spec},prod,lon1\n"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet whose master is as bare as a new server; on the others, a role finds its packages."""
    with running_fleet(tmp_path_factory.mktemp("e2e"), equipped=["web"]) as fleet:
        yield fleet


def peers_of(fleet: Fleet, node_id: str) -> int:
    return len(fleet.on(node_id, "wg show wg0 peers").split())


def members_of(fleet: Fleet, node_id: str, zone: str) -> list[str]:
    """Return the addresses that the firewall of a node knows in a zone."""
    listed = fleet.on(node_id, f"nft -j list set inet quartermaster zone_{zone}")
    (found,) = (item["set"] for item in json.loads(listed)["nftables"] if "set" in item)
    return sorted(found["elem"])


def test_a_line_in_a_csv_file_becomes_hosts_in_a_mesh_behind_firewalls(fleet: Fleet) -> None:
    assert len(fleet.import_csv(row(3))["plan"]["add"]) == 3
    assert {node["state"] for node in fleet.nodes().values()} == {"planned"}
    fleet.play("provision")
    nodes = fleet.nodes()
    assert {node["state"] for node in nodes.values()} == {"active"}
    assert all(node["ssh_host_keys"] and node["internal_ip"] for node in nodes.values())
    preview = fleet.play("site", "--check", "--diff")
    assert all(preview.changed[name] for name in nodes)
    assert fleet.on(MASTER, "ls /etc/wireguard", check=False) == ""
    fleet.play("site")
    proof = fleet.play("verify")
    assert re.search(rf"from ↓ to → .*\n +1 {MASTER} +- ", proof.output), proof.output[-3000:]
    for first in nodes:
        for second in nodes:
            fleet.on(first, f"ping -c 2 -W 2 {nodes[second]['wireguard_ip']}")


def test_a_second_run_changes_nothing_by_few_tasks(fleet: Fleet) -> None:
    begun, reaching = count_tasks(fleet.play("site", callback="ansible.posix.json"), fleet.nodes())
    roles = {role: number for role, number in reaching.items() if number}
    assert roles == TASKS_TO_HOST
    assert begun.total() <= MAX_TASKS, begun
    provision = fleet.play("provision")
    assert set(provision.changed.values()) == {0}


def test_what_drifted_on_a_host_is_found_in_each_run(fleet: Fleet) -> None:
    """The few tasks still compare what runs."""
    fleet.on(WEB_1, "ip link set dev wg0 mtu 1300")
    fleet.on(WEB_1, TAKE_MORE)
    fleet.on(WEB_2, "nft insert rule inet quartermaster input tcp dport 9999 accept")
    proof = fleet.play("verify", code=2)
    for reason in (
        rf"Run the role wireguard on {WEB_1}; this differs: .*mtu: 1300 → 1420",
        r"peer \S+: allowed_ips 10\.55\.0\.0/16, \S+/32 → \S+/32",
        rf"Run the role firewall on {WEB_2}; this differs: table: replaced",
    ):
        assert re.search(reason, " ".join(proof.output.split())), proof.output[-3000:]
    run = fleet.play("site", "--tags", "wireguard,firewall,always")
    assert {name: run.changed[name] for name in fleet.nodes()} == {MASTER: 0, WEB_1: 1, WEB_2: 1}
    assert "mtu 1420" in fleet.on(WEB_1, "ip link show wg0")
    assert "9999" not in fleet.on(WEB_2, "nft list table inet quartermaster")


def test_a_run_that_is_killed_is_finished_by_the_next_one_and_limit_reaches_both_ends(
    fleet: Fleet,
) -> None:
    fleet.import_csv(row(4))
    fleet.play_and_kill("provision", at="The inventory service has the addresses and host keys")
    assert fleet.nodes()[WEB_3]["state"] == "provisioning"
    fleet.play("provision")
    assert fleet.nodes()[WEB_3]["state"] == "active"
    fleet.play_and_kill(
        "site", "--limit", WEB_3, at="Read the nodes of the fleet with the published keys"
    )
    fleet.play("site", "--limit", WEB_3)
    address = fleet.nodes()[WEB_3]["wireguard_ip"]
    for name in (MASTER, WEB_1, WEB_2):
        assert peers_of(fleet, name) == 3
        assert address in members_of(fleet, name, "app")
        fleet.on(name, f"ping -c 2 -W 2 {address}")
    assert set(fleet.play("site").changed.values()) == {0}


def test_a_host_that_is_down_during_a_change_disturbs_nobody_and_heals(fleet: Fleet) -> None:
    master = fleet.nodes()[MASTER]["wireguard_ip"]
    fleet.power(WEB_1, "stop")
    fleet.on(WEB_3, "wg-quick down wg0; rm -rf /etc/wireguard")
    traffic = fleet.start_on(WEB_2, f"ping -n -i 0.2 -w 600 {master}")
    # Web 3 makes a new key, so that each other end must learn it.
    change = fleet.play("site", code=4)
    fleet.on(WEB_2, "pkill -INT ping")
    told = traffic.communicate(timeout=30)[0]
    assert change.unreachable == [WEB_1]
    asked, lost = count_packets(told, a_second=A_SECOND)
    assert asked > 20
    assert lost <= 1, told[-300:]
    fleet.on(WEB_2, f"ping -c 2 -W 2 {fleet.nodes()[WEB_3]['wireguard_ip']}")
    fleet.power(WEB_1, "start")
    wait_until(lambda: fleet.on(WEB_1, "echo up", check=False) == "up\n", what=f"{WEB_1} answers")
    fleet.play("site")
    fleet.play("verify")


def test_another_size_in_the_file_resizes_the_running_server(fleet: Fleet) -> None:
    started = fleet.container(WEB_1)["State"]["StartedAt"]
    fleet.import_csv(row(4, "s-1vcpu-1gb"))
    assert fleet.service.call("GET", "/api/v1/status")["pending_resizes"] == 3
    fleet.play("provision")
    resized = fleet.container(WEB_1)
    assert resized["HostConfig"]["Memory"] == 1024 * 1024 * 1024
    assert resized["State"]["StartedAt"] == started
    assert fleet.service.call("GET", "/api/v1/status")["pending_resizes"] == 0


def test_scaling_down_removes_the_server_and_each_trace_in_the_mesh(fleet: Fleet) -> None:
    plan = fleet.import_csv(row(2, "s-1vcpu-1gb"), max_retire=2)["plan"]
    assert plan["retire"] == [WEB_2, WEB_3]
    refused = fleet.play("retire", code=2)
    assert "2 nodes to retire or destroy" in refused.output
    assert f"{WEB_2}: type web, project shop, environment prod, retired" in refused.output
    assert all(node["provider_id"] for node in fleet.nodes("&state=retired").values())
    fleet.play_and_kill("retire", "-e", "retire_count=2", at="The server is destroyed")
    left = sum(bool(node["provider_id"]) for node in fleet.nodes("&state=retired").values())
    fleet.play("retire", "-e", f"retire_count={left}")
    assert set(fleet.nodes()) == {MASTER, WEB_1}
    gone = fleet.nodes("&state=retired")
    assert {name: gone[name]["provider_id"] for name in gone} == {WEB_2: None, WEB_3: None}
    assert network.list_hosts(fleet.engine, fleet.network) == sorted(
        f"{fleet.network}.{name}" for name in (MASTER, WEB_1)
    )
    assert peers_of(fleet, MASTER) == peers_of(fleet, WEB_1) == 1
    left = sorted(node["wireguard_ip"] for node in fleet.nodes().values())
    assert members_of(fleet, MASTER, "app") == members_of(fleet, WEB_1, "app") == left


def test_a_name_can_be_used_again_after_its_server_is_gone(fleet: Fleet) -> None:
    fleet.import_csv(row(3, "s-1vcpu-1gb"))
    fleet.play("provision")
    assert fleet.nodes()[WEB_2]["wireguard_ip"] == "10.90.0.5"
    fleet.play("site", "--limit", WEB_2)
    fleet.play("verify")


def test_a_server_that_can_not_be_made_is_told_recorded_and_tried_again_when_asked(
    fleet: Fleet,
) -> None:
    fleet.import_csv(row(4, "s-1vcpu-1gb"))
    nobody = fleet.play("provision", "-e", '{"provision_ssh_public_keys": []}', code=2)
    assert "nobody could log in" in nobody.output
    assert fleet.nodes()[WEB_3]["state"] == "planned"
    failed = fleet.play("provision", "-e", "provision_image=no-such-image:1", code=2)
    assert "no-such-image:1" in failed.output
    assert fleet.nodes()[WEB_3]["state"] == "failed"
    moves = fleet.service.call("GET", f"/api/v1/nodes/{WEB_3}/transitions")["items"]
    assert "no-such-image:1" in moves[-1]["reason"]
    fleet.play("provision")
    assert fleet.nodes()[WEB_3]["state"] == "failed"


def test_a_server_that_refuses_the_key_is_given_up_soon_and_the_next_step_works(
    fleet: Fleet, tmp_path: Path
) -> None:
    """Waiting for hours would not make it accept the key."""
    key = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    only = ("-e", f'{{"provision_only": ["{WEB_3}"], "provision_timeout_s": {2 * RUN_TIMEOUT_S}}}')
    refused = fleet.play("provision", "--private-key", str(key), *only, code=2)
    assert "Permission denied" in refused.output
    assert fleet.nodes()[WEB_3]["state"] == "failed"
    text = " ".join(refused.output.replace("\\", "").split())
    printed = re.search(r"ansible-playbook quartermaster\.fleet\.provision (-e '.*?')", text)
    assert printed, text
    fleet.play("provision", *shlex.split(printed[1]))
    assert fleet.nodes()[WEB_3]["state"] == "active"

# SPDX-License-Identifier: Apache-2.0
"""The inventory through the client, in each of its forms."""

from pathlib import Path

from inventory_service.client import Client
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE


STATE = (Path(__file__).parents[2] / "cases/terraform/hetzner.json").read_text("utf-8")


def test_the_forms_of_the_inventory_name_the_same_nodes(fleet: Client) -> None:
    hosts = ["web-1", "web-2"]
    assert sorted(fleet.inventory.read_ansible()["_meta"]["hostvars"]) == hosts
    assert [row[0] for row in fleet.inventory.read_columns()["rows"]] == hosts
    assert [one["node_id"] for one in fleet.inventory.read_nodes()] == hosts
    planned = fleet.inventory.read_ansible({"state": ["planned"]})
    assert list(planned["_meta"]["hostvars"]) == ["web-3"]
    (targets,) = fleet.inventory.read_prometheus_targets(port=9100)[:1]
    assert targets["targets"] == ["10.0.0.1:9100"]


def test_the_keys_of_hosts_are_a_text(fleet: Client) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    fleet.nodes.change("web-1", ssh_host_keys=[key])
    names, _, known = fleet.inventory.read_known_hosts().partition(" ")
    assert ("web-1" in names.split(","), known.strip()) == (True, key)


def test_a_terraform_file_is_merged_into_one_answer(fleet: Client) -> None:
    merged = fleet.inventory.merge_terraform(STATE, {"state": ["any"]})
    assert {"web-1", "web-3"} <= {row[0] for row in merged["rows"]}
    assert len(merged["rows"]) > 3
    assert len(list(fleet.nodes.iterate())) == 3

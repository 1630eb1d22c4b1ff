# SPDX-License-Identifier: Apache-2.0
"""Retired nodes come back as what they can still be, and to nothing that others have by now."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_node

KEY = "A" * 42 + "A="
HOST_KEY = "ssh-ed25519 AAAA"
SERVER: dict[str, Any] = {
    "internal_ip": "10.0.0.1",
    "external_ip": "192.0.2.1",
    "provisioned_spec": "cx22",
    "ssh_host_keys": [HOST_KEY],
}
pytestmark = pytest.mark.usefixtures("cluster")


def last_record(admin: Caller) -> Any:
    return admin.get("/api/v1/audit?noun=node&subject=web-1&limit=1")["items"][0]


def test_a_retired_node_comes_back_planned_with_its_old_address(operator: Caller) -> None:
    make_node(operator, "web-1", internal_ip="10.0.0.1", state="retired")
    make_node(operator, "web-2")
    node = operator.post("/api/v1/nodes/web-1/restoration", {"reason": "by mistake"})
    assert (node["state"], node["wireguard_ip"], node["internal_ip"]) == (
        "planned",
        "10.90.0.1",
        None,
    )
    last = operator.get("/api/v1/nodes/web-1/transitions")["items"][-1]
    assert (last["from_state"], last["to_state"], last["reason"]) == (
        "retired",
        "planned",
        "by mistake",
    )
    operator.post("/api/v1/nodes/web-1/restoration", {}, status=409)


def test_a_retired_node_whose_server_still_runs_comes_back_into_maintenance(
    operator: Caller,
) -> None:
    make_node(
        operator, "web-1", internal_ip="10.0.0.1", provider="docker", provider_id="abc",
        state="retired",
    )  # fmt: skip
    node = operator.post("/api/v1/nodes/web-1/restoration", {})
    assert (node["state"], node["internal_ip"], node["provider_id"]) == (
        "maintenance",
        "10.0.0.1",
        "abc",
    )


def test_a_node_does_not_come_back_to_what_another_one_has_by_now(operator: Caller) -> None:
    make_node(operator, "web-1", wireguard_public_key=KEY, state="retired")
    make_node(operator, "web-2", wireguard_public_key=KEY)
    problem = operator.post("/api/v1/nodes/web-1/restoration", {}, status=409)
    assert "belongs to node 'web-2'" in problem["detail"]
    assert operator.get("/api/v1/nodes/web-1")["state"] == "retired"
    make_node(operator, "web-3", state="retired")
    make_node(operator, "web-3")
    operator.post("/api/v1/nodes/web-3/restoration", {}, status=409)


@pytest.mark.parametrize(
    ("retired", "since"),
    [(("media", "web"), ("m1", "media")), (("m1", "media"), ("media", "web"))],
)
def test_no_host_comes_back_beside_a_group_of_its_name(
    operator: Caller, retired: tuple[str, str], since: tuple[str, str]
) -> None:
    for provider_id in (None, "abc"):
        make_node(
            operator, retired[0], node_type=retired[1], provider_id=provider_id, state="retired"
        )
        make_node(operator, since[0], node_type=since[1])
        problem = operator.post(f"/api/v1/nodes/{retired[0]}/restoration", {}, status=409)
        assert "Ansible can't distinguish a host from a group" in problem["detail"]
        operator.post(f"/api/v1/nodes/{since[0]}/transitions", {"state": "retired"})
    assert operator.post(f"/api/v1/nodes/{retired[0]}/restoration", {})["state"] == "maintenance"


def test_what_a_node_loses_with_its_server_stands_in_the_audit(
    operator: Caller, admin: Caller
) -> None:
    remaining = {
        "region": "eu", "provider": "docker", "spec": "cx32", "image": "debian-13",
        "wireguard_public_key": KEY, "labels": {"rack": "a1"}, "vars": {"tier": 1},
    }  # fmt: skip
    make_node(operator, "web-1", state="retired", **remaining, **SERVER)
    node = operator.post("/api/v1/nodes/web-1/restoration", {"reason": "by mistake"})
    entry = last_record(admin)
    assert entry["before"] == {"state": "retired", **SERVER}
    assert entry["after"] == {
        "state": "planned",
        "internal_ip": None,
        "external_ip": None,
        "provisioned_spec": None,
        "ssh_host_keys": [],
    }
    assert (entry["action"], entry["reason"]) == ("restore", "by mistake")
    assert {name: node[name] for name in entry["after"]} == entry["after"]
    assert {name: node[name] for name in remaining} == remaining


def test_a_node_that_keeps_its_server_changes_in_its_state_only(
    operator: Caller, admin: Caller
) -> None:
    make_node(operator, "web-1", state="retired", provider_id="abc", **SERVER)
    node = operator.post("/api/v1/nodes/web-1/restoration", {})
    entry = last_record(admin)
    assert (entry["before"], entry["after"]) == ({"state": "retired"}, {"state": "maintenance"})
    assert {name: node[name] for name in SERVER} == SERVER


def test_an_address_that_went_with_the_server_may_be_of_another_node_by_now(
    operator: Caller,
) -> None:
    addresses = {"internal_ip": "10.0.0.1", "external_ip": "192.0.2.1"}
    make_node(operator, "web-1", state="retired", **addresses)
    make_node(operator, "web-2", provider_id="abc", state="retired", **addresses)
    make_node(operator, "web-3", **addresses)
    assert operator.post("/api/v1/nodes/web-1/restoration", {})["internal_ip"] is None
    problem = operator.post("/api/v1/nodes/web-2/restoration", {}, status=409)
    assert "belongs to node 'web-3'" in problem["detail"]


def test_a_new_mesh_address_stands_in_the_audit(
    make_app: Callable[[Settings], Flask], settings: Settings, operator: Caller, admin: Caller
) -> None:
    make_node(operator, "web-1", provider_id="abc", state="retired")
    hurried = make_app(settings.model_copy(update={"address_quarantine_s": 0}))
    caller = Caller(hurried.test_client(), operator.token)
    make_node(caller, "web-2", wireguard_ip="10.90.0.1")
    caller.post("/api/v1/nodes/web-1/restoration", {})
    entry = last_record(admin)
    assert entry["before"] == {"state": "retired", "wireguard_ip": "10.90.0.1"}
    assert entry["after"] == {"state": "maintenance", "wireguard_ip": "10.90.0.2"}

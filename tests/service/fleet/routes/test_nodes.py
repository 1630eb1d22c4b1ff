# SPDX-License-Identifier: Apache-2.0
"""Nodes over HTTP: written through the door, read back through the door."""

from typing import Any

import pytest

from tests.service.conftest import Caller, make_node

KEY = "A" * 42 + "A="
pytestmark = pytest.mark.usefixtures("cluster")


def test_a_new_node_is_planned_and_has_an_address_of_the_mesh(operator: Caller) -> None:
    body = {"node_id": "web-1", "node_type": "web", "cluster_id": "main", "labels": {"a": "b c"}}
    answer = operator.call("POST", "/api/v1/nodes", status=201, json=body)
    assert answer.headers["Location"] == "/api/v1/nodes/web-1"
    node = operator.get("/api/v1/nodes/web-1")
    assert node == answer.json
    assert node["state"] == "planned"
    assert node["wireguard_ip"] == "10.90.0.1"
    assert node["labels"] == {"a": "b c"}


BAD = [
    ({"node_id": "web 1"}, "node_id"),
    ({"node_id": "web\n1"}, "node_id"),
    ({"node_id": "--limit"}, "node_id"),
    ({"node_id": "../etc/passwd"}, "node_id"),
    ({"node_id": "a" * 65536}, "node_id"),
    ({"node_id": "localhost"}, "node_id"),
    ({"node_id": None}, "node_id"),
    ({"node_id": 7}, "node_id"),
    ({"node_type": "all"}, "node_type"),
    ({"cluster_id": "nowhere"}, "cluster_id"),
    ({"project": "nowhere"}, "project"),
    ({"internal_ip": "10.0.0.1; rm"}, "internal_ip"),
    ({"wireguard_ip": "10.91.0.1"}, "wireguard_ip"),
    ({"wireguard_public_key": "x"}, "wireguard_public_key"),
    ({"spec": "s-9vcpu-9gb"}, "spec"),
    ({"labels": {"x": "a\nb"}}, "labels.x"),
    ({"vars": {"ansible_connection": "local"}}, "vars"),
    ({"ssh_host_keys": ["x"]}, "ssh_host_keys.0"),
    ({"bogus": 1}, "bogus"),
    ({"reason": "x" * 1001}, "reason"),
]


@pytest.mark.parametrize(("fields", "named"), BAD, ids=[str(case[0])[:40] for case in BAD])
def test_bad_input_is_named_and_nothing_is_changed(
    operator: Caller, fields: dict[str, Any], named: str
) -> None:
    before = operator.get("/api/v1/status")["revision"]
    body = {"node_id": "web-1", "node_type": "web", "cluster_id": "main"} | fields
    problem = operator.post("/api/v1/nodes", body, status=422)
    assert named in [fault["field"] for fault in problem["errors"]]
    assert operator.get("/api/v1/status")["revision"] == before
    assert operator.get("/api/v1/nodes")["items"] == []


def test_a_name_an_address_and_a_key_belong_to_one_live_node(operator: Caller) -> None:
    make_node(operator, "web-1", internal_ip="10.0.0.1", wireguard_public_key=KEY)
    base = {"node_type": "web", "cluster_id": "main"}
    for fields in (
        {"node_id": "web-1"},
        {"node_id": "web-2", "internal_ip": "10.0.0.1"},
        {"node_id": "web-2", "wireguard_public_key": KEY},
        {"node_id": "web-2", "wireguard_ip": "10.90.0.1"},
    ):
        problem = operator.post("/api/v1/nodes", base | fields, status=409)
        assert "web-1" in problem["detail"] or "10.90.0.1" in problem["detail"]
    assert len(operator.get("/api/v1/nodes")["items"]) == 1


def test_a_rotation_puts_the_next_key_beside_the_present_one(operator: Caller) -> None:
    make_node(operator, "web-1", wireguard_public_key=KEY)
    following = "B" * 42 + "A="
    operator.patch("/api/v1/nodes/web-1", {"wireguard_next_public_key": following})
    node = operator.get("/api/v1/nodes/web-1")
    assert (node["wireguard_public_key"], node["wireguard_next_public_key"]) == (KEY, following)
    ended = {"wireguard_public_key": following, "wireguard_next_public_key": None}
    node = operator.patch("/api/v1/nodes/web-1", ended)
    assert (node["wireguard_public_key"], node["wireguard_next_public_key"]) == (following, None)
    operator.patch("/api/v1/nodes/web-1", {"wireguard_next_public_key": "x"}, status=422)


def test_no_host_and_no_group_have_one_name(operator: Caller) -> None:
    base = {"node_type": "web", "cluster_id": "main"}
    operator.post("/api/v1/nodes", base | {"node_id": "web"}, status=409)
    make_node(operator, "control", node_type="data")
    operator.post("/api/v1/nodes", base | {"node_id": "data"}, status=409)
    problem = operator.post(
        "/api/v1/nodes", base | {"node_id": "web-1", "node_type": "control"}, status=409
    )
    assert "Ansible can't distinguish a host from a group" in problem["detail"]
    operator.patch("/api/v1/nodes/control", {"node_type": "control"}, status=409)
    make_node(operator, "load-balancer", node_type="load-balancer")


def test_private_addresses_may_repeat_in_another_cluster(operator: Caller) -> None:
    operator.post("/api/v1/clusters", {"cluster_id": "edge", "mesh_prefix": "10.91.0.0/24"})
    make_node(operator, "web-1", internal_ip="10.0.0.1")
    make_node(operator, "web-2", internal_ip="10.0.0.1", cluster_id="edge")


def test_a_change_sets_what_it_names_and_leaves_the_rest(operator: Caller) -> None:
    make_node(operator, "web-1", region="eu", labels={"a": "b"})
    node = operator.patch("/api/v1/nodes/web-1", {"region": None, "internal_ip": "10.0.0.1"})
    assert (node["region"], node["internal_ip"], node["labels"]) == (None, "10.0.0.1", {"a": "b"})


def test_a_change_that_changes_nothing_leaves_no_trace(operator: Caller) -> None:
    make_node(operator, "web-1", region="eu")
    before = operator.get("/api/v1/status")["revision"]
    operator.patch("/api/v1/nodes/web-1", {"region": "eu", "reason": "again"})
    assert operator.get("/api/v1/status")["revision"] == before


def test_required_fields_can_not_be_cleared(operator: Caller) -> None:
    make_node(operator, "web-1")
    problem = operator.patch("/api/v1/nodes/web-1", {"node_type": None}, status=422)
    assert problem["errors"] == [{"field": "node_type", "reason": "must not be null"}]


def test_each_move_is_a_record(operator: Caller) -> None:
    make_node(operator, "web-1", internal_ip="10.0.0.1", state="active")
    operator.post(
        "/api/v1/nodes/web-1/transitions",
        {"state": "maintenance", "reason": "new disk"},
        headers={"X-Quartermaster-Door": "cli"},
    )
    moves = operator.get("/api/v1/nodes/web-1/transitions")["items"]
    assert [(move["from_state"], move["to_state"]) for move in moves] == [
        ("planned", "provisioning"),
        ("provisioning", "active"),
        ("active", "maintenance"),
    ]
    last = moves[-1]
    assert (last["actor"], last["door"], last["reason"]) == ("test-operator", "cli", "new disk")
    assert last["at"].endswith("Z")


def test_an_illegal_move_says_which_are_legal(operator: Caller) -> None:
    make_node(operator, "web-1")
    problem = operator.post("/api/v1/nodes/web-1/transitions", {"state": "active"}, status=409)
    assert "From planned it can go to provisioning, retired" in problem["detail"]


def test_a_node_without_an_address_can_not_become_active(operator: Caller) -> None:
    make_node(operator, "web-1", state="provisioning")
    problem = operator.post("/api/v1/nodes/web-1/transitions", {"state": "active"}, status=409)
    assert "Set internal_ip or external_ip first" in problem["detail"]


def test_a_retired_node_can_not_change_but_its_name_can_be_given_again(operator: Caller) -> None:
    make_node(operator, "web-1", provider="docker", provider_id="abc", state="retired")
    operator.patch("/api/v1/nodes/web-1", {"region": "eu"}, status=409)
    body = {"node_id": "web-1", "node_type": "web", "cluster_id": "main"}
    problem = operator.post("/api/v1/nodes", body, status=409)
    assert "its server abc still exists" in problem["detail"]
    operator.patch("/api/v1/nodes/web-1", {"provider_id": None})
    operator.post("/api/v1/nodes", body)
    assert operator.get("/api/v1/nodes/web-1")["state"] == "planned"


def test_lists_are_filtered_and_paged_without_gaps(operator: Caller) -> None:
    for number in range(25):
        make_node(
            operator, f"web-{number:02}", region="eu" if number % 2 else "us",
            node_type="data" if number % 5 == 0 else "web",
        )  # fmt: skip
    make_node(operator, "gone", state="retired")
    seen: list[str] = []
    cursor = ""
    while True:
        page = operator.get(f"/api/v1/nodes?limit=7{cursor}")
        seen += [node["node_id"] for node in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"web-{number:02}" for number in range(25)]
    both = operator.get("/api/v1/nodes?region=eu&node_type=data")["items"]
    assert [node["node_id"] for node in both] == ["web-05", "web-15"]
    assert len(operator.get("/api/v1/nodes?region=eu&region=us")["items"]) == 25
    assert [node["node_id"] for node in operator.get("/api/v1/nodes?state=retired")["items"]] == [
        "gone"
    ]
    assert len(operator.get("/api/v1/nodes?state=any")["items"]) == 26


@pytest.mark.parametrize("cursor", ["x", "W10=", "WyJhIl0=", "WzEsMl0=", "é", "A" * 600])
def test_a_cursor_that_no_list_gave_is_refused(operator: Caller, cursor: str) -> None:
    operator.call("GET", "/api/v1/nodes", status=422, query_string={"cursor": cursor})


def test_an_answer_that_is_known_already_is_not_sent_again(operator: Caller) -> None:
    make_node(operator, "web-1")
    etag = operator.call("GET", "/api/v1/nodes/web-1", status=200).headers["ETag"]
    headers = {"If-None-Match": etag}
    operator.call("GET", "/api/v1/nodes/web-1", status=304, headers=headers)
    operator.patch("/api/v1/nodes/web-1", {"region": "eu"})
    operator.call("GET", "/api/v1/nodes/web-1", status=200, headers=headers)


def test_an_answer_before_a_heartbeat_is_not_that_after_it(operator: Caller) -> None:
    """A heartbeat is no change, though, which would make a PATCH stale."""
    path = "/api/v1/nodes/web-1"
    make_node(operator, "web-1", state="failed")
    known = []
    for _ in range(2):
        headers = {"If-None-Match": ", ".join(known)}
        known.append(operator.call("GET", path, status=200, headers=headers).headers["ETag"])
        operator.call("POST", f"{path}/heartbeat", status=204)
    operator.patch(path, {"region": "eu"}, headers={"If-Match": known[1]})
    operator.patch(path, {"region": "us"}, status=412, headers={"If-Match": known[1]})


def test_moving_to_another_cluster_gives_an_address_of_its_mesh(operator: Caller) -> None:
    operator.post("/api/v1/clusters", {"cluster_id": "edge", "mesh_prefix": "10.91.0.0/24"})
    make_node(operator, "web-1")
    node = operator.patch("/api/v1/nodes/web-1", {"cluster_id": "edge"})
    assert node["wireguard_ip"] == "10.91.0.1"


def test_changes_stand_in_the_audit_with_before_and_after(operator: Caller, admin: Caller) -> None:
    make_node(operator, "web-1", region="eu")
    operator.patch("/api/v1/nodes/web-1", {"region": "us", "reason": "moved house"})
    entry = admin.get("/api/v1/audit?noun=node&subject=web-1&limit=1")["items"][0]
    assert (entry["action"], entry["before"], entry["after"], entry["reason"]) == (
        "change",
        {"region": "eu"},
        {"region": "us"},
        "moved house",
    )
    assert entry["revision"] == operator.get("/api/v1/status")["revision"]


def test_a_heartbeat_is_seen_and_is_no_change_of_the_fleet(operator: Caller) -> None:
    make_node(operator, "web-1")
    before = operator.get("/api/v1/status")["revision"]
    operator.call("POST", "/api/v1/nodes/web-1/heartbeat", status=204)
    assert operator.get("/api/v1/nodes/web-1")["last_seen"].endswith("Z")
    assert operator.get("/api/v1/status")["revision"] == before
    operator.call("POST", "/api/v1/nodes/nobody/heartbeat", status=404)
    operator.post("/api/v1/nodes/web-1/transitions", {"state": "retired"})
    operator.call("POST", "/api/v1/nodes/web-1/heartbeat", status=409)


def test_nodes_are_found_by_the_beginning_of_their_names(operator: Caller, cluster: str) -> None:
    for name in ("web-1", "web-10", "db-web-1"):
        make_node(operator, name, cluster_id=cluster)
    found = operator.get("/api/v1/nodes?prefix=web-1")["items"]
    assert [node["node_id"] for node in found] == ["web-1", "web-10"]
    operator.get("/api/v1/nodes?prefix=web%25", status=422)

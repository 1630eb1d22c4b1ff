# SPDX-License-Identifier: Apache-2.0
"""Many nodes in one act: all of them or none, each bad row named with its field."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from inventory_service.core.actors import Scope
from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_caller, make_node

pytestmark = pytest.mark.usefixtures("cluster")
PATH = "/api/v1/registrations"


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"node_id": f"web-{number}", "node_type": "web", "cluster_id": "main"}
        for number in range(count)
    ]


def test_a_variable_of_which_ansible_warns_is_taken_with_a_warning(operator: Caller) -> None:
    nodes = rows(3)
    nodes[0]["vars"], nodes[2]["vars"] = {"port": 1, "app_port": 2}, {"tags": ["a"], "port": 3}
    warnings = operator.post(PATH, {"nodes": nodes})["warnings"]
    assert [warning.split(" has ")[0] for warning in warnings] == [
        "The variable 'port'",
        "The variable 'tags'",
    ]
    assert operator.get("/api/v1/nodes/web-0")["vars"] == {"port": 1, "app_port": 2}
    assert operator.post(PATH, {"nodes": [rows(4)[3]]})["warnings"] == []


def fields(problem: Any) -> list[str]:
    return [fault["field"] for fault in problem["errors"]]


def test_all_rows_become_nodes_with_addresses_in_one_revision(
    operator: Caller, admin: Caller
) -> None:
    before = operator.get("/api/v1/status")["revision"]
    answer = operator.post(PATH, {"nodes": rows(100)})
    assert (answer["registered"], answer["revision"]) == (100, before + 1)
    nodes = operator.get("/api/v1/nodes?limit=1000")["items"]
    assert {node["node_id"]: node["wireguard_ip"] for node in nodes} == {
        node["node_id"]: node["wireguard_ip"] for node in answer["nodes"]
    }
    assert len({node["wireguard_ip"] for node in nodes}) == 100
    assert {node["state"] for node in nodes} == {"planned"}
    records = admin.get("/api/v1/audit?noun=node&limit=1000")["items"]
    assert {entry["subject"] for entry in records} == {node["node_id"] for node in nodes}


def test_a_row_that_is_no_node_is_named_and_nothing_is_registered(operator: Caller) -> None:
    wanted = rows(5)
    wanted[1]["node_id"] = "a b"
    wanted[3]["internal_ip"] = "x"
    problem = operator.post(PATH, {"nodes": wanted}, status=422)
    assert fields(problem) == ["nodes.1.node_id", "nodes.3.internal_ip"]
    assert operator.get("/api/v1/nodes")["items"] == []


def test_each_row_that_meets_another_node_is_named(operator: Caller) -> None:
    make_node(operator, "web-0", internal_ip="10.0.0.1")
    wanted = rows(6)
    wanted[1]["internal_ip"] = "10.0.0.1"
    wanted[2]["external_ip"] = wanted[3]["external_ip"] = "192.0.2.1"
    wanted[5]["node_id"] = "web-4"
    problem = operator.post(PATH, {"nodes": wanted}, status=409)
    assert fields(problem) == [
        "nodes.0.node_id",
        "nodes.1.internal_ip",
        "nodes.3.external_ip",
        "nodes.5.node_id",
    ]
    assert len(operator.get("/api/v1/nodes")["items"]) == 1


def test_an_unknown_cluster_is_named(operator: Caller) -> None:
    wanted = rows(2)
    wanted[1]["cluster_id"] = "nowhere"
    assert fields(operator.post(PATH, {"nodes": wanted}, status=422)) == ["nodes.1.cluster_id"]


def test_an_address_that_a_later_row_asks_for_is_not_given_to_an_earlier_one(
    operator: Caller,
) -> None:
    wanted = rows(3)
    wanted[2]["wireguard_ip"] = "10.90.0.1"
    answer = operator.post(PATH, {"nodes": wanted})
    assert [node["wireguard_ip"] for node in answer["nodes"]] == [
        "10.90.0.2",
        "10.90.0.3",
        "10.90.0.1",
    ]


@pytest.mark.parametrize(
    ("address", "status", "why"),
    [
        ("10.91.0.1", 422, "10.91.0.1 is no host address of the cluster's mesh prefix"),
        ("10.90.0.1", 409, "belongs to another node"),
        ("10.90.0.2", 409, "rests in quarantine"),
        ("10.90.0.9", 409, "belongs to another node"),
    ],
    ids=["outside the mesh", "held", "resting", "wanted twice"],
)
def test_the_row_whose_mesh_address_can_not_be_given_is_named(
    operator: Caller, address: str, status: int, why: str
) -> None:
    make_node(operator, "held")
    make_node(operator, "gone", state="retired")
    wanted = rows(5)
    wanted[1]["wireguard_ip"] = "10.90.0.9"
    wanted[3]["wireguard_ip"] = address
    [fault] = operator.post(PATH, {"nodes": wanted}, status=status)["errors"]
    assert fault["field"] == "nodes.3.wireguard_ip"
    assert fault["reason"].startswith(why)
    assert [node["node_id"] for node in operator.get("/api/v1/nodes")["items"]] == ["held"]


@pytest.mark.parametrize("fields", [{"region": "a b"}, {"project": "absent"}])
def test_as_many_faults_as_one_mends_are_named_and_the_others_counted(
    operator: Caller, fields: dict[str, str]
) -> None:
    wanted = [row | fields for row in rows(60)]
    problem = operator.post(PATH, {"nodes": wanted}, status=422)
    assert (len(problem["errors"]), problem["more_errors"]) == (50, 10)
    problem = operator.post(PATH, {"nodes": wanted[:50]}, status=422)
    assert (len(problem["errors"]), "more_errors" in problem) == (50, False)


def test_addresses_that_rested_long_enough_are_given_once_each(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"address_quarantine_s": 0}))
    operator = make_caller(app, Scope.ADMIN)
    operator.post("/api/v1/clusters", {"cluster_id": "tiny", "mesh_prefix": "10.91.0.0/29"})
    for number in (1, 2):
        make_node(operator, f"old-{number}", cluster_id="tiny", state="retired")
    # .3 and .4 are unused, .5 and .6 are asked for: the end comes in the middle of the act.
    asked = [{"wireguard_ip": f"10.91.0.{number}"} for number in (5, 6)]
    wanted = [
        {"node_id": f"new-{number}", "node_type": "web", "cluster_id": "tiny", **fields}
        for number, fields in enumerate([{}, {}, {}, {}, *asked])
    ]
    answer = operator.post(PATH, {"nodes": wanted})
    assert [node["wireguard_ip"][-1] for node in answer["nodes"]] == list("341256")


def test_more_nodes_than_the_mesh_has_room_for_are_refused_as_a_whole(operator: Caller) -> None:
    operator.post(PATH, {"nodes": rows(255)}, status=409)
    assert operator.get("/api/v1/nodes")["items"] == []
    operator.post(PATH, {"nodes": rows(254)})


def test_no_rows_or_too_many_are_refused(operator: Caller) -> None:
    operator.post(PATH, {"nodes": []}, status=422)
    problem = operator.post(PATH, {"nodes": [{}] * 10_001}, status=422)
    assert "nodes" in fields(problem)


def test_a_registration_that_is_sent_again_is_answered_again(operator: Caller) -> None:
    key = {"Idempotency-Key": "k1"}
    body = {"nodes": rows(2)}
    first = operator.post(PATH, body, headers=key)
    assert operator.post(PATH, body, headers=key) == first

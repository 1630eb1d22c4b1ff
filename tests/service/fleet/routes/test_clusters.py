# SPDX-License-Identifier: Apache-2.0
"""Clusters over HTTP, and the addresses that they give out."""

from collections.abc import Callable

import pytest
from flask import Flask

from inventory_service.core.actors import Scope
from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_caller, make_node

SMALL = {"cluster_id": "main", "mesh_prefix": "10.90.0.0/30"}


def test_an_address_is_given_once_and_the_end_is_a_clear_refusal(operator: Caller) -> None:
    operator.post("/api/v1/clusters", SMALL)
    given = [make_node(operator, f"web-{number}")["wireguard_ip"] for number in (1, 2)]
    assert given == ["10.90.0.1", "10.90.0.2"]
    body = {"node_id": "web-3", "node_type": "web", "cluster_id": "main"}
    problem = operator.post("/api/v1/nodes", body, status=409)
    assert problem["type"].endswith(":Exhausted")
    assert "10.90.0.0/30 has no address left" in problem["detail"]
    assert operator.get("/api/v1/nodes/web-3", status=404)


def test_an_address_rests_after_retirement_before_it_is_given_again(operator: Caller) -> None:
    operator.post("/api/v1/clusters", SMALL)
    make_node(operator, "web-1")
    make_node(operator, "web-2")
    operator.post("/api/v1/nodes/web-1/transitions", {"state": "retired"})
    body = {"node_id": "web-3", "node_type": "web", "cluster_id": "main"}
    operator.post("/api/v1/nodes", body, status=409)
    wanted = operator.post("/api/v1/nodes", body | {"wireguard_ip": "10.90.0.1"}, status=409)
    assert "rests in quarantine" in wanted["detail"]


def test_after_the_quarantine_the_address_that_rested_longest_comes_back(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"address_quarantine_s": 0}))
    operator = make_caller(app, Scope.OPERATOR)
    operator.post("/api/v1/clusters", SMALL)
    for name in ("web-1", "web-2"):
        make_node(operator, name)
        operator.post(f"/api/v1/nodes/{name}/transitions", {"state": "retired"})
    assert make_node(operator, "web-3")["wireguard_ip"] == "10.90.0.1"
    assert make_node(operator, "web-4")["wireguard_ip"] == "10.90.0.2"


def test_a_rested_address_is_given_where_the_last_ones_were_asked_for(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"address_quarantine_s": 0}))
    operator = make_caller(app, Scope.OPERATOR)
    operator.post("/api/v1/clusters", SMALL)
    make_node(operator, "web-1", wireguard_ip="10.90.0.2")
    make_node(operator, "web-2", state="retired")
    assert make_node(operator, "web-3")["wireguard_ip"] == "10.90.0.1"


def test_an_address_that_was_asked_for_is_passed_over_later(operator: Caller) -> None:
    operator.post("/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/29"})
    make_node(operator, "web-1", wireguard_ip="10.90.0.2")
    others = [make_node(operator, f"web-{number}")["wireguard_ip"] for number in (2, 3)]
    assert others == ["10.90.0.1", "10.90.0.3"]


def test_two_meshes_never_overlap(operator: Caller) -> None:
    operator.post("/api/v1/clusters", SMALL)
    wider = {"cluster_id": "edge", "mesh_prefix": "10.90.0.0/16"}
    problem = operator.post("/api/v1/clusters", wider, status=409)
    assert "overlaps with 10.90.0.0/30 of cluster 'main'" in problem["detail"]


@pytest.mark.parametrize(
    "fields",
    [
        {"mesh_prefix": "x"},
        {"cluster_id": "a b"},
        {"cluster_type": "x"},
        {"mesh_port": 0},
        {"x": 1},
    ],
)
def test_bad_input_is_refused(operator: Caller, fields: dict[str, object]) -> None:
    operator.post("/api/v1/clusters", SMALL | fields, status=422)
    assert operator.get("/api/v1/clusters")["items"] == []


def test_a_cluster_ends_only_without_nodes_and_then_takes_none(operator: Caller) -> None:
    operator.post("/api/v1/clusters", SMALL)
    make_node(operator, "web-1")
    operator.post("/api/v1/clusters/main/retirement", {}, status=409)
    operator.post("/api/v1/nodes/web-1/transitions", {"state": "retired"})
    assert operator.post("/api/v1/clusters/main/retirement", {"reason": "over"})["retired_at"]
    body = {"node_id": "web-2", "node_type": "web", "cluster_id": "main"}
    assert "retired" in operator.post("/api/v1/nodes", body, status=422)["detail"]
    operator.patch("/api/v1/clusters/main", {"region": "eu"}, status=409)
    operator.post("/api/v1/clusters/main/retirement", {}, status=409)


def test_a_change_is_seen_and_the_prefix_stays(operator: Caller) -> None:
    operator.post("/api/v1/clusters", SMALL)
    changed = operator.patch("/api/v1/clusters/main", {"region": "eu", "cluster_type": "edge"})
    assert (changed["region"], changed["cluster_type"]) == ("eu", "edge")
    operator.patch("/api/v1/clusters/main", {"mesh_prefix": "10.91.0.0/24"}, status=422)
    operator.get("/api/v1/clusters/other", status=404)

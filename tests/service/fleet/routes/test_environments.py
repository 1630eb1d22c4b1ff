# SPDX-License-Identifier: Apache-2.0
"""Environments over HTTP, and what refers to them."""

from tests.service.conftest import Caller, make_node

FIRST = ["prod", "staging", "test", "uat"]


def names(caller: Caller) -> list[str]:
    return [one["environment"] for one in caller.get("/api/v1/environments")["items"]]


def test_four_are_there_from_the_start(viewer: Caller) -> None:
    assert names(viewer) == FIRST
    assert viewer.get("/api/v1/environments/prod")["description"] == "What customers use"


def test_an_environment_lives_from_registration_to_retirement(
    operator: Caller, cluster: str
) -> None:
    operator.post("/api/v1/environments", {"environment": "load", "owner": "Ada Example"})
    operator.post("/api/v1/environments", {"environment": "load"}, status=409)
    assert operator.patch("/api/v1/environments/load", {"owner": None})["owner"] is None
    make_node(operator, "web-1", environment="load", cluster_id=cluster)
    problem = operator.post("/api/v1/environments/load/retirement", {}, status=409)
    assert "qm node list --environment load" in problem["detail"]
    operator.post("/api/v1/nodes/web-1/transitions", {"state": "retired"})
    assert operator.post("/api/v1/environments/load/retirement", {})["retired_at"]


def test_a_node_names_only_an_environment_that_is_known_and_live(
    operator: Caller, cluster: str
) -> None:
    node = {"node_id": "web-1", "node_type": "web", "cluster_id": cluster, "environment": "prdo"}
    problem = operator.post("/api/v1/nodes", node, status=422)
    assert problem["errors"] == [
        {"field": "environment", "reason": "environment 'prdo' is not known"}
    ]
    assert "qm environment add" in problem["detail"]
    operator.post("/api/v1/environments/uat/retirement", {})
    make_node(operator, "web-1", environment="prod", cluster_id=cluster)
    for name, why in (("prdo", "not known"), ("uat", "retired")):
        problem = operator.patch("/api/v1/nodes/web-1", {"environment": name}, status=422)
        assert why in problem["detail"]
    bulk = operator.post(
        "/api/v1/registrations", {"nodes": [node | {"node_id": "web-2"}]}, status=422
    )
    assert bulk["errors"][0]["field"] == "nodes.0.environment"


def test_a_node_does_not_come_back_into_an_environment_that_ended(
    operator: Caller, cluster: str
) -> None:
    make_node(operator, "web-1", state="retired", environment="uat", cluster_id=cluster)
    operator.post("/api/v1/environments/uat/retirement", {})
    problem = operator.post("/api/v1/nodes/web-1/restoration", {}, status=422)
    assert "environment 'uat' is retired" in problem["detail"]


def test_an_import_makes_those_known_that_it_is_the_first_to_name(
    operator: Caller, cluster: str
) -> None:
    content = (
        "Project,Servers,MasterSpec,WebSpec,Environment\nshop,1,s-1vcpu-1gb,s-1vcpu-1gb,load\n"
    )
    body = {"content": content, "cluster": cluster, "apply": True}
    operator.post("/api/v1/imports", body)
    assert names(operator) == sorted([*FIRST, "load"])


def test_a_port_needs_a_known_environment(operator: Caller) -> None:
    operator.post("/api/v1/projects", {"project": "shop"})
    wish = {"project": "shop", "environment": "prdo", "base": 8000}
    assert "no environment 'prdo'" in operator.post("/api/v1/ports", wish, status=404)["detail"]

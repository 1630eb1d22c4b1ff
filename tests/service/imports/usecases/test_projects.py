# SPDX-License-Identifier: Apache-2.0
"""projects.csv: a plan first, then all of it or nothing."""

from typing import Any

import pytest
from sqlalchemy import select

from inventory_service.core.database.engine import Database
from inventory_service.fleet.models.address_leases import AddressLease
from tests.service.conftest import Caller, make_node
from tests.service.statements import noted_statements

HEADER = "Project,Servers,MasterSpec,WebSpec,Environment,Region\n"
pytestmark = pytest.mark.usefixtures("cluster")
BOTH = pytest.mark.parametrize("fields", [{}, {"apply": True}], ids=["planned", "applied"])


def send(caller: Caller, content: str, *, status: int | None = None, **fields: Any) -> Any:
    body = {"format": "csv", "content": content} | fields
    return caller.post(
        "/api/v1/imports", body, status=status or (201 if "apply" in fields else 200)
    )


def list_errors(problem: Any) -> list[tuple[str, int, int, str]]:
    return [
        (error["field"], error["line"], error["column"], error["reason"])
        for error in problem["errors"]
    ]


def names(caller: Caller) -> list[str]:
    return [node["node_id"] for node in caller.get("/api/v1/nodes")["items"]]


def test_a_plan_changes_nothing_until_it_is_applied(operator: Caller) -> None:
    before = operator.get("/api/v1/status")["revision"]
    shown = send(operator, HEADER + "shop,2,cx32,cx22,prod,lon1\n")
    assert (shown["applied"], len(shown["plan"]["add"])) == (False, 2)
    assert operator.get("/api/v1/status")["revision"] == before
    done = send(
        operator,
        HEADER + "shop,2,cx32,cx22,prod,lon1\n",
        apply=True,
        plan_digest=shown["plan"]["digest"],
    )
    assert done["applied"]
    node = operator.get("/api/v1/nodes/shop-prod-web-1")
    assert (node["state"], node["spec"], node["region"], node["provider"], node["source"]) == (
        "planned", "cx22", "lon1", "docker", "csv",
    )  # fmt: skip


def test_editing_a_count_scales_up_and_down(operator: Caller) -> None:
    for count in (3, 1, 4, 0):
        content = HEADER + f"shop,{count},cx32,cx22,prod,\n"
        send(operator, content, apply=True, max_retire=count + 4)
        assert len(names(operator)) == count
    assert len(operator.get("/api/v1/nodes?state=retired")["items"]) == 6


def test_many_nodes_are_changed_and_retired_with_as_few_reads_as_some(
    operator: Caller, database: Database
) -> None:
    def count(content: str) -> int:
        with noted_statements(database.engine) as asked:
            send(operator, HEADER + content, apply=True, max_retire=30)
        return sum(not statement.startswith("INSERT") for statement in asked)

    numbers = []
    for amount in (3, 30):
        count(f"shop,{amount},cx22,cx22,prod,\n")
        resized = count(f"shop,{amount},cx32,cx32,prod,\n")
        numbers.append((resized, count("shop,0,cx32,cx32,prod,\n")))
    assert numbers[0] == numbers[1]
    leases = select(AddressLease.released_at.is_not(None))
    with database.reading() as session:
        assert session.scalars(leases).all() == [True] * 33


def test_a_region_that_has_changed_in_the_file_is_named_and_recorded_nowhere(
    operator: Caller,
) -> None:
    send(operator, HEADER + "shop,2,cx32,cx22,prod,lon1\n", apply=True)
    plan = send(operator, HEADER + "shop,2,cx32,cx22,prod,fra1\n", apply=True)["plan"]
    assert plan["differences"] == [
        {"node_id": name, "field": "region", "recorded": "lon1", "file": "fra1"}
        for name in ("shop-prod-master", "shop-prod-web-1")
    ]
    assert operator.get("/api/v1/nodes/shop-prod-master")["region"] == "lon1"
    operator.patch("/api/v1/nodes/shop-prod-master", {"region": "fra1"})
    plan = send(operator, HEADER + "shop,2,cx32,cx22,prod,fra1\n")["plan"]
    assert [one["node_id"] for one in plan["differences"]] == ["shop-prod-web-1"]


def test_the_same_file_twice_changes_nothing(operator: Caller) -> None:
    content = HEADER + "shop,3,cx32,cx22,prod,\nblog,1,cx22,cx22,uat,\n"
    send(operator, content, apply=True)
    before = operator.get("/api/v1/status")["revision"]
    plan = send(operator, content, apply=True)["plan"]
    assert (plan["add"], plan["resize"], plan["retire"], plan["unchanged"]) == ([], [], [], 4)
    assert operator.get("/api/v1/status")["revision"] == before


def test_nodes_that_no_file_made_are_never_retired(operator: Caller) -> None:
    send(operator, HEADER + "shop,1,cx32,cx22,prod,\n", apply=True)
    make_node(operator, "shop-db", project="shop", environment="prod")
    send(operator, HEADER + "shop,0,cx32,cx22,prod,\n", apply=True, max_retire=1)
    assert names(operator) == ["shop-db"]


def test_a_file_with_a_zero_too_many_retires_nothing_unless_the_number_is_named(
    operator: Caller,
) -> None:
    send(operator, HEADER + "shop,3,cx32,cx22,prod,\nblog,9,cx32,cx22,uat,\n", apply=True)
    make_node(operator, "other", project="shop", environment="prod", state="retired")
    zeros = HEADER + "shop,0,cx32,cx22,prod,\nblog,6,cx32,cx22,uat,\n"
    plan = send(operator, zeros)["plan"]
    assert plan["shares"] == [
        {"environment": "prod", "retire": 3, "live": 3},
        {"environment": "uat", "retire": 3, "live": 9},
    ]
    assert plan["retirements"][-1] == {
        "node_id": "shop-prod-web-2",
        "node_type": "web",
        "project": "shop",
        "environment": "prod",
        "state": "planned",
    }
    for given in ({}, {"max_retire": 5}, {"max_retire": 0}):
        problem = send(operator, zeros, status=409, apply=True, **given)
        assert "max_retire 6" in problem["detail"] or "--max-retire 6" in problem["detail"]
    assert len(names(operator)) == 12
    send(operator, zeros, apply=True, max_retire=6)
    assert len(names(operator)) == 6


def test_a_plan_names_what_the_file_is_the_first_to_name(operator: Caller) -> None:
    operator.post("/api/v1/projects", {"project": "shop"})
    content = HEADER + "shop,1,cx32,cx22,production,\nblog,1,cx32,cx22,prod,\n"
    plan = send(operator, content)["plan"]
    assert (plan["new_projects"], plan["new_environments"]) == (["blog"], ["production"])
    send(operator, content, apply=True)
    again = send(operator, content)["plan"]
    assert (again["new_projects"], again["new_environments"]) == ([], [])


def test_the_digest_of_a_plan_does_not_change_with_the_fleet_around_it(operator: Caller) -> None:
    send(operator, HEADER + "shop,3,cx32,cx22,prod,\n", apply=True)
    fewer = HEADER + "shop,2,cx32,cx22,prod,\n"
    digest = send(operator, fewer)["plan"]["digest"]
    make_node(operator, "other", environment="prod")
    assert send(operator, fewer)["plan"]["digest"] == digest


@BOTH
@pytest.mark.parametrize(
    ("noun", "name", "found"),
    [
        ("project", "shop", [("Project", 3, 1, "project 'shop' is retired")]),
        ("environment", "uat", [("Environment", 3, 5, "environment 'uat' is retired")]),
    ],
)
def test_a_line_that_names_what_is_retired_is_named_once(
    operator: Caller, noun: str, name: str, found: list[Any], fields: dict[str, bool]
) -> None:
    operator.post("/api/v1/projects", {"project": "shop"})
    operator.post(f"/api/v1/{noun}s/{name}/retirement", {"reason": "over"})
    content = HEADER + "blog,2,cx32,cx22,prod,\nshop,3,cx32,cx22,uat,\n"
    assert list_errors(send(operator, content, status=422, **fields)) == found
    assert names(operator) == []


def test_a_line_that_asks_for_no_server_may_name_what_is_retired(operator: Caller) -> None:
    content = HEADER + "shop,{},cx32,cx22,prod,\n"
    for count in (1, 0):
        send(operator, content.format(count), apply=True, max_retire=1)
    operator.post("/api/v1/projects/shop/retirement", {})
    send(operator, content.format(0), apply=True)


@BOTH
def test_a_retired_cluster_takes_no_nodes(operator: Caller, fields: dict[str, bool]) -> None:
    operator.post("/api/v1/clusters/main/retirement", {})
    content = HEADER + "shop,1,cx32,cx22,prod,\n"
    problem = send(operator, content, status=422, cluster="main", **fields)
    assert [error["field"] for error in problem["errors"]] == ["cluster"]


@BOTH
@pytest.mark.parametrize("state", ["planned", "retired"])
def test_a_line_that_needs_the_name_of_another_node_is_named(
    operator: Caller, state: str, fields: dict[str, bool]
) -> None:
    make_node(operator, "shop-prod-web-1", provider_id="x", state=state)
    before = operator.get("/api/v1/nodes")
    content = HEADER + "\nblog,1,cx32,cx22,prod,\nshop,3,cx32,cx22,prod,\n"
    why = {"planned": "is taken", "retired": "belongs to a retired node that still has its server"}
    assert list_errors(send(operator, content, status=409, **fields)) == [
        ("Project", 4, 1, f"node_id 'shop-prod-web-1' {why[state]}")
    ]
    assert operator.get("/api/v1/nodes") == before


@BOTH
def test_two_lines_whose_nodes_would_have_one_name_are_refused(
    operator: Caller, fields: dict[str, bool]
) -> None:
    content = HEADER + "shop-eu,1,cx32,cx22,uat,\nshop,1,cx32,cx22,eu-uat,\n"
    assert list_errors(send(operator, content, status=409, **fields)) == [
        ("Project", 3, 1, "node_id 'shop-eu-uat-master' is taken")
    ]


@BOTH
def test_a_kind_of_node_that_is_called_like_a_node_is_refused(
    operator: Caller, fields: dict[str, bool]
) -> None:
    make_node(operator, "master")
    content = "WebSpec,MasterSpec,Servers,Project\ncx22,cx32,1,shop\n"
    assert list_errors(send(operator, content, status=409, **fields)) == [
        ("Project", 2, 4, "node_type 'master' is the name of a node")
    ]


def test_a_plan_that_is_out_of_date_is_refused(operator: Caller) -> None:
    content = HEADER + "shop,3,cx32,cx22,prod,\n"
    digest = send(operator, content)["plan"]["digest"]
    send(operator, HEADER + "shop,1,cx32,cx22,prod,\n", apply=True)
    problem = send(operator, content, apply=True, plan_digest=digest, status=409)
    assert "changed since the plan was shown" in problem["detail"]
    assert names(operator) == ["shop-prod-master"]


def test_errors_carry_line_and_column_and_nothing_is_changed(operator: Caller) -> None:
    before = operator.get("/api/v1/status")["revision"]
    content = HEADER + "shop,1,cx32,cx22,prod,\nblog,-1,cx22,cx22,uat,\n"
    problem = send(operator, content, apply=True, status=422)
    assert [(error["field"], error["line"], error["column"]) for error in problem["errors"]] == [
        ("Servers", 3, 2)
    ]
    assert operator.get("/api/v1/status")["revision"] == before


@BOTH
def test_a_mesh_that_is_too_small_refuses_the_whole_file(
    operator: Caller, fields: dict[str, bool]
) -> None:
    operator.post("/api/v1/clusters", {"cluster_id": "tiny", "mesh_prefix": "10.91.0.0/30"})
    content = HEADER + "shop,9,cx32,cx22,prod,\n"
    problem = send(operator, content, cluster="tiny", status=409, **fields)
    assert problem["type"].endswith(":Exhausted")
    assert names(operator) == []
    assert operator.get("/api/v1/projects")["items"] == []


def test_with_several_clusters_one_must_be_named(operator: Caller) -> None:
    operator.post("/api/v1/clusters", {"cluster_id": "edge", "mesh_prefix": "10.91.0.0/24"})
    content = HEADER + "shop,1,cx32,cx22,prod,\n"
    assert "--cluster" in send(operator, content, status=422)["detail"]
    send(operator, content, apply=True, cluster="edge")
    send(operator, content, cluster="nowhere", status=422)
    assert operator.get("/api/v1/nodes/shop-prod-master")["wireguard_ip"] == "10.91.0.1"


def test_a_node_of_another_size_is_a_resize_that_stays_pending(operator: Caller) -> None:
    send(operator, HEADER + "shop,1,cx22,cx22,prod,\n", apply=True)
    change = {"provisioned_spec": "cx22", "internal_ip": "10.0.0.1", "provider_id": "x"}
    operator.patch("/api/v1/nodes/shop-prod-master", change)
    for state in ("provisioning", "active"):
        operator.post("/api/v1/nodes/shop-prod-master/transitions", {"state": state})
    plan = send(operator, HEADER + "shop,1,cx32,cx22,prod,\n", apply=True)["plan"]
    assert plan["resize"] == [
        {"node_id": "shop-prod-master", "from_spec": "cx22", "to_spec": "cx32"}
    ]
    assert operator.get("/api/v1/status")["pending_resizes"] == 1

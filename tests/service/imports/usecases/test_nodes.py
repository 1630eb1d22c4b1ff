# SPDX-License-Identifier: Apache-2.0
"""A Terraform file over HTTP: a plan with each difference first, then all of it or nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import Caller, make_node

CASES = Path(__file__).parents[3] / "cases" / "terraform"
pytestmark = pytest.mark.usefixtures("cluster")


def outputs(**nodes: dict[str, Any]) -> str:
    value = {name: {"node_type": "web", **fields} for name, fields in nodes.items()}
    return json.dumps({"quartermaster_nodes": {"sensitive": False, "value": value}})


def send(caller: Caller, content: str, *, status: int | None = None, **fields: Any) -> Any:
    body = {"format": "terraform", "content": content} | fields
    return caller.post(
        "/api/v1/imports", body, status=status or (201 if "apply" in fields else 200)
    )


def revision(caller: Caller) -> int:
    return int(caller.get("/api/v1/status")["revision"])


def names(caller: Caller) -> list[str]:
    return [node["node_id"] for node in caller.get("/api/v1/nodes")["items"]]


def test_a_plan_changes_nothing_until_it_is_applied(operator: Caller) -> None:
    before = revision(operator)
    content = (CASES / "hetzner.json").read_text()
    shown = send(operator, content)
    assert revision(operator) == before
    plan = shown["plan"]
    assert [node["node_id"] for node in plan["add"]] == ["frameworks-edge-1", "frameworks-edge-2"]
    assert plan["skipped"][-1]["address"] == "hcloud_server.bastion"
    done = send(operator, content, apply=True, plan_digest=plan["digest"])
    assert (done["applied"], done["plan"]) == (True, plan)
    node = operator.get("/api/v1/nodes/frameworks-edge-1")
    fields = ("state", "source", "node_type", "region", "external_ip", "spec", "labels")
    assert [node[name] for name in fields] == [
        "planned", "terraform", "media", "fsn1", "192.0.2.21", "cx22", {"rack": "b2"},
    ]  # fmt: skip


def test_servers_of_terraform_have_no_provider_that_would_make_them_again(
    operator: Caller,
) -> None:
    send(operator, outputs(a={}), apply=True, provider="docker")
    node = operator.get("/api/v1/nodes/a")
    assert (node["provider"], node["provider_id"]) == (None, None)


def test_the_same_file_twice_changes_nothing(operator: Caller) -> None:
    content = (CASES / "outputs.json").read_text()
    send(operator, content, apply=True)
    before = revision(operator)
    plan = send(operator, content, apply=True)["plan"]
    assert (plan["add"], plan["update"], plan["unchanged"]) == ([], [], 2)
    assert revision(operator) == before


def test_each_difference_is_shown_and_what_is_not_set_stays(operator: Caller) -> None:
    make_node(
        operator, "a", region="fsn1", image="x", labels={"rack": "a1", "own": "1"}, vars={"v": 1}
    )
    content = outputs(a={"region": "hel1", "labels": {"rack": "b2", "new": "2"}, "vars": {"v": 1}})
    plan = send(operator, content, apply=True)["plan"]
    assert plan["update"] == [
        {
            "address": 'quartermaster_nodes["a"]',
            "node_id": "a",
            "changes": [
                {"field": "region", "before": "fsn1", "after": "hel1"},
                {"field": "labels.rack", "before": "a1", "after": "b2"},
                {"field": "labels.new", "before": None, "after": "2"},
            ],
        }
    ]
    node = operator.get("/api/v1/nodes/a")
    assert (node["region"], node["image"], node["cluster_id"]) == ("hel1", "x", "main")
    assert node["labels"] == {"rack": "b2", "own": "1", "new": "2"}


def test_a_node_that_the_file_does_not_name_is_left_alone(operator: Caller) -> None:
    send(operator, outputs(a={}, b={}), apply=True)
    send(operator, outputs(a={}), apply=True)
    assert names(operator) == ["a", "b"]


def test_a_plan_that_is_out_of_date_is_refused(operator: Caller) -> None:
    make_node(operator, "a")
    content = outputs(a={"region": "hel1"}, b={})
    digest = send(operator, content)["plan"]["digest"]
    operator.patch("/api/v1/nodes/a", {"region": "ash"})
    problem = send(operator, content, apply=True, plan_digest=digest, status=409)
    assert "changed since the plan was shown" in problem["detail"]
    assert names(operator) == ["a"]
    assert operator.get("/api/v1/nodes/a")["region"] == "ash"


@pytest.mark.parametrize("apply", [False, True])
def test_a_node_that_cannot_be_added_is_named_by_its_address(
    operator: Caller, *, apply: bool
) -> None:
    make_node(operator, "taken", internal_ip="10.0.0.1")
    content = outputs(a={}, b={"internal_ip": "10.0.0.1"}, c={"project": "absent"})
    more = {"apply": True} if apply else {}
    problem = send(operator, content, status=422, **more)
    assert [error["field"] for error in problem["errors"]] == [
        'quartermaster_nodes["b"].internal_ip',
        'quartermaster_nodes["c"].project',
    ]
    assert names(operator) == ["taken"]


@pytest.mark.parametrize("fields", [{}, {"apply": True}], ids=["planned", "applied"])
def test_the_row_whose_mesh_address_can_not_be_given_is_named(
    operator: Caller, fields: dict[str, bool]
) -> None:
    make_node(operator, "a")
    before = revision(operator)
    nodes: list[dict[str, Any]] = [
        {"node_id": name, "node_type": "web", "cluster_id": "main"} for name in "abcde"
    ]
    nodes[3]["wireguard_ip"] = "10.99.0.1"
    problem = send(operator, json.dumps(nodes), format="nodes", status=422, **fields)
    assert [error["field"] for error in problem["errors"]] == ["nodes[3].wireguard_ip"]
    assert revision(operator) == before


@pytest.mark.parametrize("fields", [{}, {"apply": True}], ids=["planned", "applied"])
def test_a_variable_of_which_ansible_warns_is_named_in_the_plan(
    operator: Caller, fields: dict[str, bool]
) -> None:
    nodes = [
        {"node_id": name, "node_type": "web", "vars": {"port": 1, f"{name}_port": 2}}
        for name in ("a", "b")
    ]
    plan = send(operator, json.dumps(nodes), format="nodes", **fields)["plan"]
    (warning,) = plan["skipped"]
    assert warning.pop("reason").startswith("has the variable 'port', a keyword of Ansible")
    assert warning == {"address": "nodes[0]", "more": 1, "kind": "warning"}


def test_a_plan_leaves_no_trace_of_having_been_tried(operator: Caller, admin: Caller) -> None:
    make_node(operator, "a")
    paths = ("/api/v1/nodes", "/api/v1/status", "/api/v1/clusters/main", "/api/v1/changes?since=0")
    before = [operator.get(path) for path in paths], admin.get("/api/v1/audit")
    content = outputs(a={"region": "hel1"}, b={"external_ip": "192.0.2.1"})
    answer = operator.call(
        "POST", "/api/v1/imports", status=200, json={"format": "terraform", "content": content}
    )
    assert answer.headers["X-Quartermaster-Revision"] == str(before[0][1]["revision"])
    assert ([operator.get(path) for path in paths], admin.get("/api/v1/audit")) == before
    # What was tried is still free.
    assert make_node(operator, "c")["wireguard_ip"] == "10.90.0.2"


def test_addresses_can_be_exchanged_where_each_is_free_in_its_turn(operator: Caller) -> None:
    make_node(operator, "a", external_ip="192.0.2.1")
    make_node(operator, "b", external_ip="192.0.2.2")
    content = outputs(a={"external_ip": "192.0.2.3"}, b={"external_ip": "192.0.2.1"})
    digest = send(operator, content)["plan"]["digest"]
    send(operator, content, apply=True, plan_digest=digest)
    assert operator.get("/api/v1/nodes/b")["external_ip"] == "192.0.2.1"


@pytest.mark.parametrize("fields", [{}, {"apply": True}], ids=["planned", "applied"])
def test_all_that_is_refused_of_a_file_is_named_at_once(
    operator: Caller, fields: dict[str, bool]
) -> None:
    for name in ("a", "b"):
        make_node(operator, name)
    content = outputs(a={"project": "absent"}, b={"environment": "absent"}, c={"project": "absent"})
    problem = send(operator, content, status=422, **fields)
    assert "3 faults" in problem["detail"]
    assert [error["field"] for error in problem["errors"]] == [
        'quartermaster_nodes["a"].project',
        'quartermaster_nodes["b"].environment',
        'quartermaster_nodes["c"].project',
    ]


@pytest.mark.parametrize("noun", ["cluster", "project", "environment"])
@pytest.mark.parametrize("known", [True, False], ids=["changed", "added"])
def test_a_plan_with_a_node_of_something_retired_is_refused(
    operator: Caller, noun: str, *, known: bool
) -> None:
    if known:
        make_node(operator, "a")
    name = {"cluster": "cluster_id"}.get(noun, noun)
    prefix = {"mesh_prefix": "10.91.0.0/24"} if noun == "cluster" else {}
    operator.post(f"/api/v1/{noun}s", {name: "old"} | prefix)
    operator.post(f"/api/v1/{noun}s/old/retirement", {})
    problem = send(operator, outputs(a={"cluster_id": "main"} | {name: "old"}), status=422)
    [error] = problem["errors"]
    assert error["field"] == f'quartermaster_nodes["a"].{name}'
    assert error["reason"] == f"{noun} 'old' is retired"


@pytest.mark.parametrize("fields", [{}, {"apply": True}], ids=["planned", "applied"])
def test_a_mesh_that_is_too_small_for_the_new_nodes_is_an_error(
    operator: Caller, fields: dict[str, bool]
) -> None:
    operator.post("/api/v1/clusters", {"cluster_id": "tiny", "mesh_prefix": "10.91.0.0/30"})
    content = outputs(**{name: {"cluster_id": "tiny"} for name in "abc"})
    problem = send(operator, content, status=409, **fields)
    assert problem["type"].endswith(":Exhausted")
    assert names(operator) == []


@pytest.mark.parametrize("fields", [{}, {"apply": True}], ids=["planned", "applied"])
def test_a_change_that_cannot_be_made_undoes_all_of_it(
    operator: Caller, fields: dict[str, bool]
) -> None:
    make_node(operator, "a")
    make_node(operator, "b")
    make_node(operator, "other", external_ip="192.0.2.1")
    before = revision(operator)
    content = outputs(a={"region": "hel1"}, b={"external_ip": "192.0.2.1"}, c={})
    problem = send(operator, content, status=409, **fields)
    assert [error["field"] for error in problem["errors"]] == [
        'quartermaster_nodes["b"].external_ip'
    ]
    assert revision(operator) == before
    assert operator.get("/api/v1/nodes/a")["region"] is None
    assert names(operator) == ["a", "b", "other"]


def test_a_cluster_must_be_named_only_where_the_file_names_none(operator: Caller) -> None:
    operator.post("/api/v1/clusters", {"cluster_id": "edge", "mesh_prefix": "10.91.0.0/24"})
    assert "--cluster" in send(operator, outputs(a={}), status=422)["detail"]
    send(operator, outputs(a={}, b={"cluster_id": "main"}), apply=True, cluster="edge")
    assert operator.get("/api/v1/nodes/a")["cluster_id"] == "edge"
    assert operator.get("/api/v1/nodes/b")["cluster_id"] == "main"
    # The nodes that are there keep the cluster that they have.
    send(operator, outputs(a={}, b={}))


def test_a_retired_node_whose_server_is_still_there_is_not_made_again(operator: Caller) -> None:
    make_node(operator, "a", provider_id="x", state="retired")
    problem = send(operator, outputs(a={}), status=409)
    assert problem["errors"][0]["field"] == 'quartermaster_nodes["a"].node_id'


def test_the_audit_log_records_what_the_import_changed(operator: Caller, admin: Caller) -> None:
    make_node(operator, "a")
    send(operator, outputs(a={"region": "hel1"}), apply=True, reason="moved")
    entry = admin.get("/api/v1/audit?noun=node&subject=a")["items"][0]
    assert (entry["before"], entry["after"]) == ({"region": None}, {"region": "hel1"})
    assert entry["reason"] == "moved"

# SPDX-License-Identifier: Apache-2.0
"""The inventory merged with a Terraform file: the values of the service take precedence."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import Caller, make_node

pytestmark = pytest.mark.usefixtures("cluster")
PATH = "/api/v1/inventory"


def outputs(**nodes: dict[str, Any]) -> str:
    value = {name: {"node_type": "web", **fields} for name, fields in nodes.items()}
    return json.dumps({"nodes": {"sensitive": False, "value": value}})


def merge(caller: Caller, content: str, query: str = "") -> Any:
    return caller.post(f"{PATH}?{query}", {"terraform": content}, status=200)


def hosts(document: Any) -> dict[str, dict[str, Any]]:
    """Return the values of each row, nulls left out."""
    return {
        row[0]: {
            name: value
            for name, value in zip(document["columns"], row, strict=True)
            if value is not None
        }
        for row in document["rows"]
    }


def test_a_file_without_nodes_leaves_the_inventory_as_it_is(
    operator: Caller, viewer: Caller
) -> None:
    make_node(operator, "a", state="active", internal_ip="10.0.0.1", region="fsn1")
    merged = merge(viewer, outputs())
    assert merged.pop("conflicts") == merged.pop("left_out") == merged.pop("warnings") == []
    assert merged == viewer.get(f"{PATH}?format=columns")


def test_a_node_that_only_the_file_knows_is_a_host_in_its_groups(viewer: Caller) -> None:
    merged = merge(
        viewer,
        outputs(new={"region": "fsn1", "external_ip": "192.0.2.1", "vars": {"x": "{{ y }}"}}),
    )
    assert hosts(merged) == {
        "new": {
            "node_id": "new",
            "ansible_host": "192.0.2.1",
            "node_type": "web",
            "region": "fsn1",
            "external_ip": "192.0.2.1",
            "labels": {},
            "vars": {"x": "{{ y }}"},
        }
    }
    assert merged["groups"] == {"region_fsn1": [0], "web": [0]}


def test_what_the_service_does_not_know_is_taken_and_what_it_knows_stays(
    operator: Caller, viewer: Caller
) -> None:
    make_node(
        operator, "a", state="active", external_ip="192.0.2.1", region="fsn1",
        labels={"rack": "a1"}, vars={"v": 1, "own": 2},
    )  # fmt: skip
    declared = {
        "region": "hel1",
        "environment": "prod",
        "internal_ip": "10.0.0.9",
        "external_ip": "192.0.2.1",
        "labels": {"rack": "b2", "row": "7"},
        "vars": {"v": 1, "own": 3},
    }
    merged = merge(viewer, outputs(a=declared))
    host = hosts(merged)["a"]
    assert (host["region"], host["env"], host["internal_ip"]) == ("fsn1", "prod", "10.0.0.9")
    assert host["ansible_host"] == "192.0.2.1", "Ansible connects to the address on record"
    assert host["labels"] == {"rack": "a1", "row": "7"}
    assert host["vars"] == {"v": 1, "own": 2}
    assert merged["groups"]["env_prod"] == [0]
    assert merged["conflicts"] == [
        {"node_id": "a", "field": "region", "service": "fsn1", "file": "hel1"},
        {"node_id": "a", "field": "labels.rack", "service": "a1", "file": "b2"},
        {"node_id": "a", "field": "vars.own", "service": 2, "file": 3},
    ]


@pytest.mark.parametrize(
    ("state", "query", "is_host", "is_named"),
    [
        ("active", "", True, False),
        ("planned", "", False, True),
        ("retired", "", False, True),
        ("retired", "state=any", False, True),
        ("planned", "state=any", True, False),
        ("planned", "state=active", False, False),
        ("planned", "region=hel1", False, False),
        ("active", "region=hel1", False, False),
    ],
)
def test_a_file_brings_back_no_node_that_the_service_keeps_out(
    operator: Caller, viewer: Caller, state: str, query: str, *, is_host: bool, is_named: bool
) -> None:
    make_node(operator, "a", state=state, internal_ip="10.0.0.1", region="fsn1")
    merged = merge(viewer, outputs(a={"region": "fsn1"}), query)
    assert ("a" in hosts(merged)) == is_host
    assert merged["left_out"] == ([{"node_id": "a", "state": state}] if is_named else [])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"a", "b"}),
        ("region=fsn1", {"a"}),
        ("cluster=main&environment=prod", {"b"}),
        ("node_type=web&node_type=db", {"a", "b"}),
        ("project=shop", set()),
        ("state=any", {"a", "b"}),
        ("state=active", set()),
    ],
)
def test_filters_hold_for_nodes_of_the_file_too(
    viewer: Caller, query: str, expected: set[str]
) -> None:
    content = outputs(
        a={"region": "fsn1"}, b={"cluster_id": "main", "environment": "prod", "node_type": "db"}
    )
    assert set(hosts(merge(viewer, content, query))) == expected


def test_the_error_of_an_invalid_file_has_its_address_and_leaves_no_record(
    viewer: Caller, admin: Caller
) -> None:
    for content, field in (("", "file"), (outputs(a={"region": "?"}), 'nodes["a"].region')):
        problem = viewer.post(PATH, {"terraform": content}, status=422)
        assert [error["field"] for error in problem["errors"]] == [field]
    assert admin.get("/api/v1/audit?noun=request")["items"] == []


def test_no_host_of_the_file_has_the_name_of_a_group(operator: Caller, viewer: Caller) -> None:
    make_node(operator, "media", node_type="data")
    make_node(operator, "load-balancer", node_type="load-balancer")
    content = outputs(data={}, a={"node_type": "media"}, b={"node_type": "c"}, c={}, media={})
    problem = viewer.post(PATH, {"terraform": content}, status=409)
    assert [error["field"] for error in problem["errors"]] == [
        'nodes["data"].node_id',
        'nodes["a"].node_type',
        'nodes["b"].node_type',
        'nodes["c"].node_id',
    ]
    merge(viewer, outputs(media={"node_type": "media"}))


def test_merging_records_nothing(operator: Caller, viewer: Caller) -> None:
    before = operator.get("/api/v1/status")
    merge(viewer, outputs(a={}))
    assert operator.get("/api/v1/status") == before


def test_a_server_that_is_about_to_go_is_a_host_with_a_warning(viewer: Caller) -> None:
    tainted = Path(__file__).parents[3] / "cases" / "terraform" / "amazon_tags.json"
    merged = merge(viewer, tainted.read_text("utf-8"), "environment=staging")
    assert set(hosts(merged)) == {"web-1"}
    assert [warning["reason"].partition(" ")[0] for warning in merged["warnings"]] == [
        *("has", "is", "has")
    ]

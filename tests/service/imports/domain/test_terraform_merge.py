# SPDX-License-Identifier: Apache-2.0
"""The inventory merged with nodes of a file: the values of the service take precedence."""

from typing import Any

import pytest

from inventory_service.imports.domain.declared_nodes import DeclaredNode
from inventory_service.imports.domain.terraform_merge import (
    LeftOut,
    Merge,
    MergeConflict,
    merge_rows,
)
from inventory_service.inventory.domain import COLUMNS


def make_row(**fields: Any) -> list[Any]:
    values = {"node_id": "a", "node_type": "web", "labels": {}, "vars": {}, **fields}
    return [values.get(name) for name in COLUMNS]


def make_node(**fields: Any) -> DeclaredNode:
    return DeclaredNode(**{"node_id": "a", "node_type": "web", **fields})


def merge_known(row: dict[str, Any], node: dict[str, Any]) -> tuple[dict[str, Any], Merge]:
    """Return the one host of a merge of a known node, its nulls left out."""
    merge = merge_rows([make_row(**row)], [make_node(**node)], {"a": "active"}, {})
    (found,) = merge.rows
    host = dict(zip(COLUMNS, found, strict=True))
    return {name: value for name, value in host.items() if value is not None}, merge


@pytest.mark.parametrize(
    ("row", "node", "field", "value"),
    [
        ({}, {"region": "eu"}, "region", "eu"),
        ({}, {"environment": "prod"}, "env", "prod"),
        ({"labels": {"x": "1"}}, {"labels": {"y": "2"}}, "labels", {"x": "1", "y": "2"}),
        ({"vars": {"x": 1}}, {"vars": {"y": 2}}, "vars", {"x": 1, "y": 2}),
        ({}, {"external_ip": "192.0.2.1"}, "ansible_host", "192.0.2.1"),
        (
            {},
            {"internal_ip": "10.0.0.1", "external_ip": "192.0.2.1"},
            "ansible_host",
            "10.0.0.1",
        ),
        (
            {},
            {"internal_ip": "10.0.0.1", "vars": {"ansible_host": "198.51.100.1"}},
            "ansible_host",
            "198.51.100.1",
        ),
    ],
)
def test_what_the_service_does_not_know_is_taken_from_the_file(
    row: dict[str, Any], node: dict[str, Any], field: str, value: Any
) -> None:
    host, merge = merge_known(row, node)
    assert host[field] == value
    assert merge.conflicts == []


@pytest.mark.parametrize(
    ("row", "node", "conflict"),
    [
        ({"region": "eu"}, {"region": "us"}, ("region", "eu", "us")),
        ({"env": "prod"}, {"environment": "uat"}, ("environment", "prod", "uat")),
        ({"labels": {"x": "1"}}, {"labels": {"x": "2"}}, ("labels.x", "1", "2")),
        ({"vars": {"x": 1}}, {"vars": {"x": [1]}}, ("vars.x", 1, [1])),
        ({"node_type": "db"}, {}, ("node_type", "db", "web")),
    ],
)
def test_another_value_in_the_file_is_a_conflict_and_is_not_used(
    row: dict[str, Any], node: dict[str, Any], conflict: tuple[str, Any, Any]
) -> None:
    before, _ = merge_known(row, {"node_type": row.get("node_type", "web")})
    host, merge = merge_known(row, node)
    assert host == before
    assert merge.conflicts == [MergeConflict("a", *conflict)]


def test_an_address_of_the_file_does_not_move_a_host_that_has_one() -> None:
    row = {"external_ip": "192.0.2.1", "ansible_host": "192.0.2.1"}
    host, _ = merge_known(row, {"internal_ip": "10.0.0.1"})
    assert (host["internal_ip"], host["ansible_host"]) == ("10.0.0.1", "192.0.2.1")


def test_fields_that_the_inventory_does_not_show_are_no_conflict() -> None:
    host, merge = merge_known({}, {"image": "debian-12", "ssh_host_keys": []})
    assert "image" not in host
    assert merge.conflicts == []


@pytest.mark.parametrize(
    ("states", "is_host", "left_out"),
    [
        ({}, True, []),
        ({"a": "planned"}, False, [LeftOut("a", "planned")]),
        ({"a": "retired"}, False, [LeftOut("a", "retired")]),
        # In service, but none of the rows: a filter has left it out.
        ({"a": "active"}, False, []),
        ({"a": "failed"}, False, []),
    ],
)
def test_a_node_that_is_in_no_row_is_a_host_only_if_the_service_never_knew_it(
    states: dict[str, str], *, is_host: bool, left_out: list[LeftOut]
) -> None:
    merge = merge_rows([], [make_node()], states, {})
    assert (bool(merge.rows), merge.left_out) == (is_host, left_out)


@pytest.mark.parametrize(
    ("filters", "is_host"),
    [
        ({}, True),
        ({"region": []}, True),
        ({"region": ["us", "eu"]}, True),
        ({"region": ["us"]}, False),
        ({"cluster": ["main"]}, True),
        ({"cluster": ["edge"]}, False),
        ({"project": ["shop"]}, False),
        ({"region": ["eu"], "node_type": ["db"]}, False),
        ({"state": ["any"]}, True),
        ({"state": ["active"]}, False),
        ({"state": ["any", "active"]}, False),
    ],
)
def test_filters_choose_among_the_nodes_of_the_file_too(
    filters: dict[str, list[str]], *, is_host: bool
) -> None:
    node = make_node(region="eu", cluster_id="main")
    assert bool(merge_rows([], [node], {}, filters).rows) == is_host


def test_a_document_has_its_hosts_by_name_and_their_groups() -> None:
    rows = [make_row(node_id="c", region="eu")]
    nodes = [make_node(node_id="b"), make_node(node_id="a", region="eu")]
    document = merge_rows(rows, nodes, {}, {}).as_document(7)
    assert (document["version"], document["revision"]) == (1, 7)
    assert [row[0] for row in document["rows"]] == ["a", "b", "c"]
    assert list(document["groups"].items()) == [("region_eu", [0, 2]), ("web", [0, 1, 2])]
    assert (document["conflicts"], document["left_out"]) == ([], [])

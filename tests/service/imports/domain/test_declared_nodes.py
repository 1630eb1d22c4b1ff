# SPDX-License-Identifier: Apache-2.0
"""Nodes that a file declares: only what it sets counts, and every error is named by its address."""

from typing import Any

import pytest

from inventory_service.core.errors import BadInput
from inventory_service.imports.domain.declared_nodes import DeclaredNode, check_rows

WEB = {"node_id": "a", "node_type": "web"}


def list_errors(*found: tuple[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        check_rows(found, DeclaredNode)
    return [(error.field, error.reason) for error in caught.value.field_errors]


def test_rows_are_in_the_order_of_the_file_with_their_addresses() -> None:
    rows = check_rows([("x[1]", {**WEB, "node_id": "b"}), ("x[0]", WEB)], DeclaredNode)
    assert [(row.address, row.node.node_id) for row in rows] == [("x[1]", "b"), ("x[0]", "a")]


def test_a_file_without_nodes_has_no_rows() -> None:
    assert check_rows([], DeclaredNode) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"region": None, "labels": None}, {}),
        ({"labels": {}, "ssh_host_keys": []}, {"labels": {}, "ssh_host_keys": []}),
        ({"region": "eu", "vars": {"x": None}}, {"region": "eu", "vars": {"x": None}}),
    ],
    ids=["left out", "null", "empty", "a variable that is null"],
)
def test_a_field_that_is_null_or_left_out_is_not_set(
    fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    (row,) = check_rows([("a", {**WEB, **fields})], DeclaredNode)
    assert row.node.set_fields == {"node_type": "web"} | expected


@pytest.mark.parametrize("field", ["provider", "provider_id", "state", "wireguard_ip", "colour"])
def test_terraform_declares_no_provider_and_nothing_that_the_service_sets(field: str) -> None:
    assert list_errors(("a", {**WEB, field: "x"})) == [(f"a.{field}", "is not a field of a node")]


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"node_id": "A"}, "node_id", "must be an RFC 1123 label"),
        ({"node_type": None}, "node_type", "Input should be a valid string"),
        ({"external_ip": "x"}, "external_ip", "'x' is not an IP address"),
        ({"labels": {"rack": 1}}, "labels.rack", "Input should be a valid string"),
        ({"ssh_host_keys": ["ssh-ed25519 AAAA", "x"]}, "ssh_host_keys.1", ""),
        (
            {"ssh_host_keys": ["ssh-ed25519 AAAA"] * 9},
            "ssh_host_keys",
            "List should have",
        ),
        (
            {"labels": {f"l{n}": "" for n in range(65)}},
            "labels",
            "has 65 labels, and a node has 64 at most",
        ),
        ({"vars": {f"v{n}": 0 for n in range(257)}}, "vars", "Value should have at most 256"),
    ],
)
def test_an_error_is_named_by_address_and_field_without_pydantics_own_prefix(
    fields: dict[str, Any], field: str, reason: str
) -> None:
    ((found, why),) = list_errors(("nodes[7]", {**WEB, **fields}))
    assert found == f"nodes[7].{field}"
    assert why.startswith(reason)
    assert not why.startswith("Value error")


@pytest.mark.parametrize("found", [None, 7, "a", [WEB]])
def test_a_node_that_is_no_object_is_an_error(found: Any) -> None:
    assert list_errors(("nodes[0]", found)) == [("nodes[0]", "must be an object")]


def test_a_name_that_is_there_twice_is_named_at_each_address() -> None:
    errors = list_errors(("x", WEB), ("y", {**WEB, "node_id": "b"}), ("z", WEB))
    reason = "'a' is in the file more than once"
    assert errors == [("x.node_id", reason), ("z.node_id", reason)]


def test_the_errors_of_all_nodes_are_named_at_once() -> None:
    errors = list_errors(("x", 7), ("y", {"node_id": "a"}), ("z", {**WEB, "region": "?"}))
    assert [field for field, _ in errors] == ["x", "y.node_type", "z.region"]


def test_a_long_name_of_a_field_is_cut_in_the_error() -> None:
    ((field, _),) = list_errors(("a", {**WEB, "x" * 1000: 1}))
    assert field == "a." + "x" * 64

# SPDX-License-Identifier: Apache-2.0
"""A list of nodes in a file: every field that can be set, and none that only the service sets."""

import json

import pytest

from inventory_service.core.errors import BadInput
from inventory_service.fleet.domain.nodes import MOST_NODES, NodeRegistration
from inventory_service.fleet.routes.schemas import NodeOut
from inventory_service.imports.domain.node_list import GIVEN_FIELDS, ListedNode, read_nodes


def test_an_export_has_the_fields_of_a_registration_and_those_the_service_sets() -> None:
    listed = set(ListedNode.model_fields)
    assert listed == set(NodeRegistration.model_fields) - {"reason"}
    assert set(NodeOut.model_fields) - listed == set(GIVEN_FIELDS)


def test_only_what_is_said_follows_from_a_row() -> None:
    rows = read_nodes(json.dumps([{"node_id": "a", "node_type": "web", "region": None}]))
    assert [(row.address, row.node.set_fields) for row in rows] == [
        ("nodes[0]", {"node_type": "web"})
    ]


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "[" * 100_000, json.dumps([{}] * (MOST_NODES + 1))],
    ids=["nothing", "object", "empty", "deep", "too many"],
)
def test_what_is_no_list_of_nodes_is_refused(content: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_nodes(content)
    assert caught.value.field_errors[0].field == "content"


def test_each_error_is_named_by_row_and_field() -> None:
    found = [
        {"node_id": "a", "node_type": "web", "state": "active"},
        7,
        {"node_id": "b", "node_type": "web", "wireguard_public_key": "x"},
    ]
    with pytest.raises(BadInput) as caught:
        read_nodes(json.dumps(found))
    fields = [error.field for error in caught.value.field_errors]
    assert fields == ["nodes[0].state", "nodes[1]", "nodes[2].wireguard_public_key"]


@pytest.mark.parametrize("number", ["1e400", "-1E999", "NaN", "Infinity", str(2**63)])
def test_a_number_that_cannot_be_kept_is_refused(number: str) -> None:
    content = f'[{{"node_id": "a", "node_type": "web", "vars": {{"x": {number}}}}}]'
    with pytest.raises(BadInput) as caught:
        read_nodes(content)
    (error,) = caught.value.field_errors
    assert error.field == "nodes[0].vars"
    assert error.reason.startswith("'x' holds a number that is none of JSON")

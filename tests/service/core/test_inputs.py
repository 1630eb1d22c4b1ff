# SPDX-License-Identifier: Apache-2.0
"""Unknown fields are refused by name, and a million of them as one error."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from inventory_service.core.inputs import Input
from inventory_service.fleet.domain.nodes import BulkRegistration, NodeRegistration
from inventory_service.imports.domain.declared_nodes import DeclaredNode
from inventory_service.imports.domain.terraform_merge import MergeRequest

NODE = {"node_id": "a", "node_type": "web", "cluster_id": "main"}


def make_unknown(count: int) -> dict[str, Any]:
    return {f"x{number}": 0 for number in range(count)}


class Example(Input):
    """Two fields."""

    first: int = 0
    second: int = 0


def find_errors(kind: type[BaseModel], value: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(value)
    return [(".".join(map(str, error["loc"])), error["type"]) for error in caught.value.errors()]


@pytest.mark.parametrize("count", [1, 20])
def test_unknown_fields_are_refused_by_name(count: int) -> None:
    found = find_errors(Example, {"first": 1, "second": 2} | make_unknown(count))
    assert found == [(f"x{number}", "extra_forbidden") for number in range(count)]


@pytest.mark.parametrize(
    ("kind", "value", "field"),
    [
        (Example, make_unknown(23), ""),
        (MergeRequest, make_unknown(750_000), ""),
        (NodeRegistration, NODE | make_unknown(750_000), ""),
        (DeclaredNode, NODE | make_unknown(750_000), ""),
        (NodeRegistration, NODE | {"labels": make_unknown(200_000)}, "labels"),
        (NodeRegistration, NODE | {"vars": make_unknown(200_000)}, "vars"),
        (NodeRegistration, NODE | {"ssh_host_keys": [0] * 200_000}, "ssh_host_keys"),
        (BulkRegistration, {"nodes": [NODE | make_unknown(50_000)]}, "nodes.0"),
        (BulkRegistration, {"nodes": [0] * 200_000}, "nodes"),
    ],
    ids=[
        "one more", "any request", "node", "node of a file", "labels", "variables", "keys",
        "object in an array", "array",
    ],
)  # fmt: skip
def test_what_is_too_much_is_one_error(kind: type[BaseModel], value: object, field: str) -> None:
    assert [where for where, _ in find_errors(kind, value)] == [field]

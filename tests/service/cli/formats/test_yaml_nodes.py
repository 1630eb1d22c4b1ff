# SPDX-License-Identifier: Apache-2.0
"""Nodes in YAML: a list of them or an inventory, with the values that JSON has."""

from typing import Any

import pytest

from inventory_service.cli.formats.yaml_nodes import read_yaml
from inventory_service.core.errors import BadInput


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("[]", []),
        ("- a: 1\n-\n  b: 2\n", [(1, {"a": 1}), (3, {"b": 2})]),
        ("# x\n---\n- 7", [(3, 7)]),
    ],
    ids=["empty", "no nodes", "two", "no object"],
)
def test_each_item_has_the_line_on_which_it_begins(
    text: str, expected: list[tuple[int, object]]
) -> None:
    assert [(row.line, row.fields) for row in read_yaml(text)] == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-01-01", "2024-01-01"),
        ("!unsafe '{{ x }}'", "{{ x }}"),
        ("'0123'", "0123"),
        ("=", "="),
        ("1.5e+3", 1500.0),
        ("null", None),
        ("true", True),
        ("{a: [1, b]}", {"a": [1, "b"]}),
    ],
)
def test_values_are_those_of_json(text: str, value: object) -> None:
    (row,) = read_yaml(f"- {{x: {text}}}")
    assert row.fields == {"x": value}


@pytest.mark.parametrize(
    ("host", "fields"),
    [
        ("a:", {}),
        ("a: {env: prod}", {"environment": "prod"}),
        ("a: {region: eu, rack: 1}", {"region": "eu", "vars": {"rack": 1}}),
        ("a: {ansible_host: 192.0.2.1, external_ip: 192.0.2.1}", {"external_ip": "192.0.2.1"}),
        (
            "a: {ansible_host: 10.0.0.1, internal_ip: 10.0.0.1, external_ip: 192.0.2.1}",
            {"internal_ip": "10.0.0.1", "external_ip": "192.0.2.1"},
        ),
        (
            "a: {ansible_host: 198.51.100.1, external_ip: 192.0.2.1}",
            {"external_ip": "192.0.2.1", "vars": {"ansible_host": "198.51.100.1"}},
        ),
        ("a: {state: active, mesh_prefix: x, mesh_port: 1, node_services: [y]}", {}),
    ],
)
def test_variables_of_a_host_are_the_fields_of_a_node(host: str, fields: dict[str, Any]) -> None:
    (row,) = read_yaml(f"all:\n  hosts:\n    {host}\n")
    assert (row.line, row.fields) == (3, {"node_id": "a"} | fields)


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("a: ]", ("file", 1, 4), "is not YAML"),
        ("a: 1", ("file", 1, None), "no list of nodes"),
        ("all: {hosts: []}", ("file", 1, None), "no list of nodes"),
        ("7", ("file", 1, None), "no list of nodes"),
        ("web: {hosts: {a: }}", ("file", 1, None), "as `qm export nodes` writes it"),
        (
            "all: {children: {web: {hosts: {a: {x: 1}}}}}",
            ("file", 1, None),
            "write the nodes as a list: `- {node_id:",
        ),
        (
            "all:\n  hosts: {a: }\n  children: {x: {children: {y: {hosts: {b: }}}}}",
            ("value", 3, 41),
            "the host 'b' is not",
        ),
        (
            "all:\n  hosts: {a: }\n  children: {x: {hosts: {a: {y: 1}}}}",
            ("value", 3, 26),
            "the host 'a' is not",
        ),
        (
            "all:\n  hosts: {a: }\n  children: {x: {vars: {y: 1}}}",
            ("value", 3, 18),
            "variables of a group",
        ),
        ("all:\n  hosts: {a: }\n  vars: {y: 1}", ("value", 3, 3), "variables of a group"),
        ("- &a {x: 1}\n- *a", ("value", 2, 3), "is an alias"),
        ("- {1: x}", ("value", 1, 4), "must be a text"),
        ("- {[a]: x}", ("value", 1, 4), "must be a text"),
        ("- {x: 1, x: 2}", ("value", 1, 10), "'x' is there twice"),
        ("- !!python/object:os.system {}", ("value", 1, 3), "has the tag"),
        ("- {x: !!binary aGk=}", ("value", 1, 7), "has the tag"),
        ("- {x: .nan}", ("value", 1, 7), "is no number"),
        ("- {x: -.inf}", ("value", 1, 7), "is no number"),
        ("- {x: 1.0e+999}", ("value", 1, 7), "is no number"),
        (f"- {{x: {'1' * 5000}}}", ("value", 1, 7), "cannot be read"),
        ("- {x: \x00}", ("file", None, None), "is not YAML"),
        ('- a: "\\ud800"', ("file", 1, 9), "is not YAML"),
        ("[" * 100_000, ("value", 1, 33), "nested too deeply"),
    ],
)
def test_an_error_has_its_line_and_column(
    text: str, position: tuple[str, int | None, int | None], reason: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_yaml(text)
    (error,) = caught.value.field_errors
    assert reason in error.reason
    assert (error.field, error.line, error.column) == position


@pytest.mark.parametrize(("depth", "is_read"), [(31, True), (32, False)])
def test_values_may_be_nested_deeper_than_the_service_takes(depth: int, *, is_read: bool) -> None:
    text = "- " + "[" * depth + "]" * depth
    if is_read:
        assert len(read_yaml(text)) == 1
    else:
        with pytest.raises(BadInput):
            read_yaml(text)

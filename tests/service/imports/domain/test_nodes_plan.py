# SPDX-License-Identifier: Apache-2.0
"""The plan of declared nodes: only what differs changes, and nothing is removed."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.imports.domain.declared_nodes import DeclaredNode, Row
from inventory_service.imports.domain.nodes_plan import (
    AddedNode,
    ChangedNode,
    FieldChange,
    NodesPlan,
    apply_changes,
    plan_rows,
)
from inventory_service.imports.domain.skips import Skip

EMPTY = {name: None for name in DeclaredNode.model_fields if name != "node_id"}
KNOWN = {**EMPTY, "node_type": "web", "ssh_host_keys": [], "labels": {}, "vars": {}}


def make_row(**fields: Any) -> Row:
    return Row("x[0]", DeclaredNode(node_id="a", node_type="web", **fields))


def list_changes(declared: dict[str, Any], known: dict[str, Any]) -> list[FieldChange]:
    plan = plan_rows([make_row(**declared)], {"a": {**KNOWN, **known}}, [])
    assert plan.add == []
    return [change for node in plan.update for change in node.changes]


def test_a_node_that_the_fleet_does_not_have_is_added_with_what_is_set() -> None:
    plan = plan_rows([make_row(region="eu")], {}, [])
    assert plan.add == [AddedNode("x[0]", "a", {"node_type": "web", "region": "eu"})]
    assert (plan.update, plan.unchanged) == ([], 0)


def test_nodes_without_a_difference_are_counted() -> None:
    plan = plan_rows([make_row(region="eu")], {"a": {**KNOWN, "region": "eu"}, "b": KNOWN}, [])
    assert (plan.add, plan.update, plan.unchanged) == ([], [], 1)


@pytest.mark.parametrize(
    ("declared", "known", "expected"),
    [
        ({"region": "eu"}, {"region": "us"}, [("region", "us", "eu")]),
        ({"region": "eu"}, {}, [("region", None, "eu")]),
        ({}, {"region": "us", "labels": {"x": "1"}, "vars": {"y": 1}}, []),
        ({"labels": {}, "vars": {}}, {"labels": {"x": "1"}, "vars": {"y": 1}}, []),
        ({"labels": {"x": "2"}}, {"labels": {"x": "1", "z": "3"}}, [("labels.x", "1", "2")]),
        ({"vars": {"y": {"deep": 2}}}, {}, [("vars.y", None, {"deep": 2})]),
        ({"vars": {"y": None}}, {}, [("vars.y", None, None)]),
        ({"ssh_host_keys": []}, {"ssh_host_keys": ["k"]}, [("ssh_host_keys", ["k"], [])]),
    ],
)
def test_each_difference_is_named_and_what_is_not_set_stays(
    declared: dict[str, Any], known: dict[str, Any], expected: list[tuple[str, Any, Any]]
) -> None:
    assert list_changes(declared, known) == [FieldChange(*change) for change in expected]


def test_a_variable_is_changed_beside_the_others() -> None:
    changes = [FieldChange("vars.y", 1, 2), FieldChange("region", None, "eu")]
    known = {**KNOWN, "vars": {"x": 1, "y": 1}}
    assert apply_changes(changes, known) == {"vars": {"x": 1, "y": 2}, "region": "eu"}
    assert known["vars"] == {"x": 1, "y": 1}


def test_several_labels_change_together() -> None:
    changes = [FieldChange("labels.x", "1", "2"), FieldChange("labels.y", None, "3")]
    known = {**KNOWN, "labels": {"x": "1", "z": "4"}}
    assert apply_changes(changes, known) == {"labels": {"x": "2", "y": "3", "z": "4"}}


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"))
VARIABLES = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2) | st.lists(st.booleans()))
FIELDS = st.fixed_dictionaries(
    {"labels": LABELS, "vars": VARIABLES}, optional={"region": st.sampled_from(["eu", "us"])}
)


@given(FIELDS, FIELDS)
def test_after_a_plan_the_same_file_changes_nothing(
    declared: dict[str, Any], known: dict[str, Any]
) -> None:
    before = {**KNOWN, **known}
    after = before | apply_changes(list_changes(declared, known), before)
    assert list_changes(declared, after) == []
    assert before["labels"].keys() <= after["labels"].keys()
    assert before["vars"].keys() <= after["vars"].keys()


def test_a_digest_names_one_plan() -> None:
    def make_plan(region: str, reason: str = "r") -> NodesPlan:
        change = ChangedNode("x[0]", "a", [FieldChange("region", None, region)])
        return NodesPlan(update=[change], skipped=[Skip("y", reason)])

    assert make_plan("eu").digest == make_plan("eu").digest
    assert len({make_plan("eu").digest, make_plan("us").digest, make_plan("eu", "s").digest}) == 3
    assert "digest" not in asdict(make_plan("eu"))

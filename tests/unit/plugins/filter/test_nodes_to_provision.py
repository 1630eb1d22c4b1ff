# SPDX-License-Identifier: GPL-3.0-or-later

"""Which nodes wait for their provider."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.filter.nodes_to_provision import (
    nodes_to_provision,
    nodes_without_provider,
)

Node = t.Mapping[str, t.Any]


def node(
    node_id: str,
    state: str = "planned",
    *,
    provider: str | None = "docker",
    spec: str = "a",
    provisioned_spec: str | None = None,
) -> Node:
    return {
        "node_id": node_id,
        "state": state,
        "provider": provider,
        "spec": spec,
        "provisioned_spec": provisioned_spec,
    }


FLEET = [
    node("planned"),
    node("begun", "provisioning"),
    node("failed", "failed"),
    node("same", "active", provisioned_spec="a"),
    node("resize", "active", provisioned_spec="b"),
    node("by-hand", "active"),
    node("elsewhere", provider=None),
]


def names(nodes: list[Node]) -> list[str]:
    return [node["node_id"] for node in nodes]


def test_planned_begun_and_resized_nodes_wait() -> None:
    assert names(nodes_to_provision(FLEET)) == ["planned", "begun", "resize"]


def test_a_failed_node_is_tried_again_only_when_it_is_named() -> None:
    assert names(nodes_to_provision(FLEET, ["failed"])) == ["failed"]


def test_all_failed_nodes_are_tried_again_when_that_is_asked() -> None:
    assert names(nodes_to_provision(FLEET, None, failed=True)) == [
        "planned",
        "begun",
        "failed",
        "resize",
    ]


def test_naming_a_node_that_needs_nothing_is_no_error() -> None:
    assert nodes_to_provision(FLEET, ["same", "elsewhere"]) == []


def test_a_name_that_the_fleet_does_not_have_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="no node of the fleet is called typo"):
        nodes_to_provision(FLEET, ["planned", "typo"])


def test_nodes_that_wait_for_another_tool_are_those_without_a_provider() -> None:
    others = [
        node("begun-elsewhere", "provisioning", provider=None),
        node("active-elsewhere", "active", provider=None),
        node("failed-elsewhere", "failed", provider=None),
    ]
    assert nodes_without_provider([*FLEET, *others]) == ["elsewhere", "begun-elsewhere"]

# SPDX-License-Identifier: GPL-3.0-or-later

"""Which nodes a run takes away, and how they are shown."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.filter.nodes_to_retire import (
    nodes_to_retire,
    retirement_lines,
)

Node = t.Mapping[str, t.Any]


def node(node_id: str, state: str, server: str | None = None, provider: str | None = None) -> Node:
    return {
        "node_id": node_id,
        "node_type": "web",
        "project": "shop",
        "environment": None,
        "state": state,
        "provider": provider,
        "provider_id": server,
    }


FLEET = [
    node("active", "active", "a1", "docker"),
    node("planned", "planned", None, "docker"),
    node("retired", "retired", "r1", "docker"),
    node("destroyed", "retired", None, "docker"),
    node("elsewhere", "retired", "i-1", None),
]


@pytest.mark.parametrize(
    ("named", "taken"),
    [
        ([], ["retired"]),
        (["active"], ["active", "retired"]),
        (["planned"], ["planned", "retired"]),
        (["retired"], ["retired"]),
        (["destroyed"], ["retired"]),
        (["elsewhere", "nobody"], ["retired"]),
    ],
)
def test_named_nodes_and_retired_ones_that_have_a_server_are_taken(
    named: list[str], taken: list[str]
) -> None:
    assert [one["node_id"] for one in nodes_to_retire(FLEET, named)] == taken


def test_a_line_shows_what_a_person_knows_a_node_by() -> None:
    shop = "type web, project shop, environment -"
    assert retirement_lines(FLEET[:2]) == [
        f"active: {shop}, active, provider docker, server a1 is destroyed",
        f"planned: {shop}, planned, provider docker, no server of ours",
    ]

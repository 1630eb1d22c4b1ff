# SPDX-License-Identifier: Apache-2.0
"""Nodes are registered, changed and moved from state to state through the client."""

from typing import Any

import pytest

from inventory_service.client import BadInput, Client, PreconditionFailed
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE


def test_a_node_has_its_whole_life(fleet: Client) -> None:
    nodes = fleet.nodes
    made = nodes.register("db-1", node_type="master", cluster_id="main", labels={"tier": "a"})
    assert (made["state"], made["labels"]) == ("planned", {"tier": "a"})
    present, etag = nodes.get_with_etag("db-1")
    assert present == nodes.get("db-1")
    assert nodes.change("db-1", region="eu", etag=etag)["region"] == "eu"
    with pytest.raises(PreconditionFailed):
        nodes.change("db-1", region="us", etag=etag)
    assert nodes.move("db-1", "provisioning", reason="now")["to_state"] == "provisioning"
    assert nodes.retire("db-1", reason="gone")["to_state"] == "retired"
    assert nodes.restore("db-1", reason="needed")["state"] == "planned"
    moves = [(one["to_state"], one["reason"]) for one in nodes.read_transitions("db-1")]
    assert {("provisioning", "now"), ("retired", "gone"), ("planned", "needed")} <= set(moves)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["web-1", "web-2", "web-3"]),
        ({"state": ["active"]}, ["web-1", "web-2"]),
        ({"state": ["active", "planned"], "limit": 1}, ["web-1"]),
        ({"node_type": ["master"]}, []),
        ({"cluster": ["main"], "sort": "-node_id"}, ["web-3", "web-2", "web-1"]),
        ({"region": ["eu"]}, []),
        ({"project": ["shop"]}, []),
        ({"environment": ["prod"]}, []),
    ],
)
def test_each_filter_chooses(fleet: Client, filters: dict[str, Any], names: list[str]) -> None:
    fleet.projects.register("shop")
    found = fleet.nodes.iterate(**filters, fields="node_id")
    assert list(found) == [{"node_id": name} for name in names]


def test_many_nodes_are_registered_together_or_not_at_all(fleet: Client) -> None:
    rows = [{"node_id": f"app-{n}", "node_type": "web", "cluster_id": "main"} for n in (1, 2)]
    with pytest.raises(BadInput) as caught:
        fleet.nodes.register_many([*rows, {"node_id": "app-3", "colour": "red"}])
    assert "nodes.2.colour" in {one["field"] for one in caught.value.field_errors}
    fleet.nodes.register_many(rows)
    assert len(list(fleet.nodes.iterate())) == 5


def test_an_unknown_field_is_refused_by_its_name(fleet: Client) -> None:
    with pytest.raises(BadInput, match=r"node db-1: .*\n  colour: ") as caught:
        fleet.nodes.register("db-1", node_type="web", cluster_id="main", colour="red")
    assert [one["field"] for one in caught.value.field_errors] == ["colour"]

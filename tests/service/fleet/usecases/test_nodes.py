# SPDX-License-Identifier: Apache-2.0
"""A name means one node; what is retired together leaves all its addresses."""

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict, NotFound
from inventory_service.core.pagination import Page, SortKey
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.usecases.nodes import (
    get_node,
    get_nodes,
    list_nodes,
    list_transitions,
    retire_nodes,
)
from tests.service.fleet_rows import ACTOR, add_cluster, add_node, find_resting, move_node

BY_NAME = Page((SortKey("node_id"), SortKey("id")), limit=10)


@pytest.fixture
def fleet(store: Database) -> Database:
    """Return a fleet of two clusters, with nodes in one of them."""
    with store.writing() as session:
        add_cluster(session)
        add_cluster(session, "other", "10.91.0.0/24")
        add_node(session, "web-1", internal_ip="10.0.0.1", labels={"rack": "b2"})
        add_node(session, "web-2", internal_ip="10.0.0.2")
        add_node(session, "gone")
        move_node(session, "gone", NodeState.RETIRED)
    return store


def test_a_name_means_the_live_node_or_the_one_that_was_retired_last(fleet: Database) -> None:
    with fleet.writing() as session:
        first = get_node(session, "gone")
        second = add_node(session, "gone")
        assert get_node(session, "gone").id == second.id
        move_node(session, "gone", NodeState.RETIRED)
        session.flush()
        assert get_node(session, "gone").id == second.id > first.id
        with pytest.raises(NotFound):
            get_node(session, "never")


@pytest.mark.parametrize(
    ("filters", "prefix", "names"),
    [
        ({}, "", ["web-1", "web-2"]),
        ({"state": []}, "", ["web-1", "web-2"]),
        ({"state": ["any"]}, "", ["gone", "web-1", "web-2"]),
        ({"state": ["retired"]}, "", ["gone"]),
        ({"cluster": ["other"]}, "", []),
        ({}, "web-2", ["web-2"]),
        ({}, "eb-", []),
        # A wildcard of LIKE is a character like any other.
        ({}, "web_", []),
        ({}, "%", []),
    ],
)
def test_lists(
    fleet: Database, filters: dict[str, list[str]], prefix: str, names: list[str]
) -> None:
    with fleet.reading() as session:
        nodes = list_nodes(session, filters, BY_NAME, prefix=prefix)
        assert [node.node_id for node in nodes] == names


def test_transitions_are_those_of_one_node_oldest_first(fleet: Database) -> None:
    with fleet.writing() as session:
        move_node(session, "web-2", NodeState.PROVISIONING, NodeState.FAILED)
        steps = [(one.from_state, one.to_state) for one in list_transitions(session, "web-2")]
    assert steps == [("planned", "provisioning"), ("provisioning", "failed")]


def test_nodes_that_are_read_together_are_those_that_are_read_alone(fleet: Database) -> None:
    with fleet.writing() as session:
        # A name that was retired twice, and one that lives again.
        for name in ("gone", "gone", "web-1"):
            if name == "web-1":
                move_node(session, name, NodeState.RETIRED)
            add_node(session, name)
            if name == "gone":
                move_node(session, name, NodeState.RETIRED)
        names = ["web-2", "gone", "web-1"]
        assert get_nodes(session, names) == [get_node(session, name) for name in names]
        with pytest.raises(NotFound, match="nobody"):
            get_nodes(session, [*names, "nobody"])


def test_nodes_are_retired_together_with_their_addresses(fleet: Database) -> None:
    with fleet.writing() as session:
        before = find_resting(session)
        nodes = get_nodes(session, ["web-1", "web-2"])
        retire_nodes(session, ACTOR, ["web-1", "web-2"], "too many")
        assert {node.state for node in nodes} == {"retired"}
        assert find_resting(session) - before == {node.wireguard_ip for node in nodes}
        reasons = [list_transitions(session, node.node_id)[-1].reason for node in nodes]
        assert reasons == ["too many", "too many"]
    with fleet.writing() as session, pytest.raises(Conflict, match="web-1"):
        retire_nodes(session, ACTOR, ["web-1"], "again")

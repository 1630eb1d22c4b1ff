# SPDX-License-Identifier: Apache-2.0
"""A node changes only while it lives, and keeps to one address in the mesh of its cluster."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, NotFound, PreconditionFailed
from inventory_service.core.pagination import Page, SortKey
from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.nodes import NodeChange, NodeState
from inventory_service.fleet.models.address_leases import AddressLease
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.nodes import (
    change_node,
    get_node,
    get_nodes,
    list_nodes,
    list_transitions,
    retire_nodes,
)
from tests.service.fleet_rows import ACTOR, ALLOCATOR, add_cluster, add_node, move_node

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


def change(session: Session, node_id: str = "web-1", **fields: Any) -> Node:
    return change_node(session, ACTOR, node_id, NodeChange(**fields), allocator=ALLOCATOR)


def find_resting(session: Session) -> set[str]:
    query = select(AddressLease.address).where(AddressLease.released_at.is_not(None))
    return set(session.scalars(query))


def test_what_a_change_leaves_out_stays_and_null_clears(fleet: Database) -> None:
    with fleet.writing() as session:
        change(session, region="eu-1", internal_ip=None)
        node = get_node(session, "web-1")
        assert (node.region, node.internal_ip, node.labels) == ("eu-1", None, {"rack": "b2"})


def test_a_change_to_what_is_there_already_is_no_change_of_the_fleet(fleet: Database) -> None:
    with fleet.writing() as session:
        before = get_revision(session)
        change(session, internal_ip="10.0.0.1", labels={"rack": "b2"}, reason="to be sure")
        assert get_revision(session) == before


def test_a_move_to_another_cluster_releases_the_address_and_takes_one_there(
    fleet: Database,
) -> None:
    with fleet.writing() as session:
        assert change(session, cluster_id="other").wireguard_ip == "10.91.0.1"
        session.flush()
        assert find_resting(session) == {"10.90.0.1", "10.90.0.3"}


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"wireguard_ip": "10.90.0.77"}, "10.90.0.77"),
        ({"wireguard_ip": None}, "10.90.0.4"),
        ({"wireguard_ip": "10.90.0.1"}, "10.90.0.1"),
        ({"cluster_id": "other", "wireguard_ip": "10.91.0.9"}, "10.91.0.9"),
    ],
)
def test_the_mesh_address_of_a_change(
    fleet: Database, fields: dict[str, Any], address: str
) -> None:
    with fleet.writing() as session:
        assert change(session, **fields).wireguard_ip == address


@pytest.mark.parametrize(
    ("fields", "kind", "field"),
    [
        ({"wireguard_ip": "10.90.0.2"}, Conflict, "wireguard_ip"),
        ({"wireguard_ip": "10.90.0.3"}, Conflict, "wireguard_ip"),
        ({"wireguard_ip": "10.91.0.1"}, BadInput, "wireguard_ip"),
        ({"internal_ip": "10.0.0.2"}, Conflict, "internal_ip"),
        ({"project": "nowhere"}, BadInput, "project"),
        ({"node_type": None}, BadInput, "node_type"),
        ({"cluster_id": None}, BadInput, "cluster_id"),
    ],
)
def test_a_change_that_cannot_be(
    fleet: Database, fields: dict[str, Any], kind: type[BadInput | Conflict], field: str
) -> None:
    with fleet.writing() as session, pytest.raises(kind) as refusal:
        change(session, **fields)
    assert [error.field for error in refusal.value.field_errors] == [field]


def test_a_type_that_is_the_name_of_a_node_is_refused(fleet: Database) -> None:
    with fleet.writing() as session:
        add_node(session, "data")
        with pytest.raises(Conflict, match="The node_type 'data' is the name of a node"):
            change(session, node_type="data")


def test_of_a_retired_node_only_the_server_can_change(fleet: Database) -> None:
    with fleet.writing() as session:
        change(session, "gone", provider_id="srv-1")
        assert change(session, "gone", provider_id=None).provider_id is None
        with pytest.raises(Conflict, match="Node 'gone' is retired"):
            change(session, "gone", provider_id="srv-2", region="eu-1")


def test_a_change_of_what_somebody_else_has_changed_is_refused(fleet: Database) -> None:
    with fleet.writing() as session:
        seen = {str(change(session).revision)}
    with fleet.writing() as session:
        change(session, region="eu-1")
    wanted = NodeChange(region="eu-2")
    with fleet.writing() as session, pytest.raises(PreconditionFailed):
        change_node(session, ACTOR, "web-1", wanted, allocator=ALLOCATOR, expected=seen)


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

# SPDX-License-Identifier: Apache-2.0
"""A node changes only while it lives, and keeps to one address in the mesh of its cluster."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, PreconditionFailed
from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.nodes import NodeChange, NodeState
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.changes import change_node
from inventory_service.fleet.usecases.nodes import get_node
from tests.service.fleet_rows import (
    ACTOR,
    ALLOCATOR,
    add_cluster,
    add_node,
    find_resting,
    move_node,
)


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

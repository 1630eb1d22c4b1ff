# SPDX-License-Identifier: Apache-2.0
"""A node changes only while it lives, and keeps to one address in the mesh of its cluster."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, PreconditionFailed
from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import NodeChange, NodeState
from inventory_service.fleet.models.address_leases import AddressLease
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.changes import change_node, change_nodes
from inventory_service.fleet.usecases.nodes import get_node, get_nodes
from inventory_service.fleet.usecases.registrations import register_nodes
from tests.service.fleet_rows import (
    ACTOR,
    ALLOCATOR,
    add_cluster,
    add_node,
    find_resting,
    make_registration,
    move_node,
)
from tests.service.statements import noted_statements


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


def make_key(*numbers: int) -> str:
    return base64.b64encode(bytes(numbers).rjust(32)).decode()


def change_all(session: Session, *changes: tuple[str, dict[str, Any]], **options: Any) -> None:
    nodes = get_nodes(session, [node_id for node_id, _ in changes])
    wanted = [NodeChange(**fields) for _, fields in changes]
    pairs = zip(nodes, wanted, strict=True)
    change_nodes(session, ACTOR, pairs, **{"allocator": ALLOCATOR} | options)


@pytest.mark.parametrize("order", [("web-1", "web-2"), ("web-2", "web-1")])
@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("wireguard_public_key", make_key(1), make_key(2)),
        ("external_ip", "192.0.2.1", "192.0.2.2"),
        ("internal_ip", "10.0.0.7", "10.0.0.8"),
    ],
)
def test_what_one_of_many_leaves_a_later_one_can_take(
    fleet: Database, order: tuple[str, str], field: str, old: str, new: str
) -> None:
    first, second = order
    with fleet.writing() as session:
        change(session, first, **{field: old})
    with fleet.writing() as session:
        change_all(session, (first, {field: new}), (second, {field: old}))
    with fleet.reading() as session:
        assert [getattr(node, field) for node in get_nodes(session, order)] == [new, old]
    with fleet.writing() as session, pytest.raises(Conflict) as refusal:
        change_all(session, (second, {field: new}), (first, {field: old}))
    assert [error.reason for error in refusal.value.field_errors] == [f"belongs to node '{first}'"]


def test_no_two_of_many_get_the_same(fleet: Database) -> None:
    refused = []
    same = {"external_ip": "192.0.2.1", "wireguard_ip": "10.90.0.9"}
    with fleet.writing() as session:
        change_all(
            session,
            ("web-1", same),
            ("web-2", same),
            ("web-2", {"wireguard_ip": "10.90.0.9", "region": "eu-1"}),
            ("web-2", {"region": "eu-2"}),
            handle=lambda index, error: refused.append((index, error.field_errors[0].field)),
        )
        session.flush()
        assert refused == [(1, "external_ip"), (2, "wireguard_ip")]
        assert get_node(session, "web-2").region == "eu-2"


def test_of_many_each_leaves_its_address_and_takes_its_own(fleet: Database) -> None:
    with fleet.writing() as session:
        change_all(
            session,
            ("web-1", {"cluster_id": "other"}),
            ("web-2", {"cluster_id": "other", "wireguard_ip": "10.91.0.9"}),
        )
        session.flush()
        assert find_resting(session) == {"10.90.0.1", "10.90.0.2", "10.90.0.3"}
        nodes = get_nodes(session, ["web-1", "web-2"])
        addresses = {node.wireguard_ip: node.id for node in nodes}
        assert set(addresses) == {"10.91.0.1", "10.91.0.9"}
        leases = select(AddressLease).where(AddressLease.cluster_id == "other")
        assert {one.address: one.node_pk for one in session.scalars(leases)} == addresses


def make_change(number: int, cluster_id: str, network: int) -> dict[str, Any]:
    """Return a change of each field that others may have, or that refers to others."""
    return {
        "cluster_id": cluster_id,
        "node_type": f"type-{network}",
        "environment": "uat" if network else "prod",
        "internal_ip": f"10.{network}.1.{number}",
        "external_ip": f"192.0.{network}.{number}",
        "wireguard_public_key": make_key(network, number),
        "wireguard_ip": f"10.9{network}.0.{number + 100}",
    }


def test_many_are_changed_with_as_few_statements_as_some(fleet: Database) -> None:
    at_once = AddressAllocator(quarantine=timedelta(0))
    counted: list[list[int]] = []
    for numbers in (range(1, 4), range(4, 64)):
        names = [f"n-{number}" for number in numbers]
        with fleet.writing() as session:
            register_nodes(session, ACTOR, [*map(make_registration, names)], allocator=ALLOCATOR)
        counted.append([])
        # The third change is to addresses that were given before.
        for cluster_id, network in (("other", 1), ("main", 0), ("other", 1)):
            changes = [make_change(number, cluster_id, network) for number in numbers]
            with noted_statements(fleet.engine) as sent, fleet.writing() as session:
                change_all(session, *zip(names, changes, strict=True), allocator=at_once)
            # SQLite takes records that get a key of their own one by one.
            counted[-1].append(sum(not one.startswith("INSERT") for one in sent))
    assert counted[0] == counted[1]

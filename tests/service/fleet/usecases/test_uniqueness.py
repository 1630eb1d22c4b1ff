# SPDX-License-Identifier: Apache-2.0
"""No two live nodes share a name, an address or a key, and none is called like a group."""

from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.nodes import NodeChange, NodeState
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.fleet.usecases.changes import change_node
from inventory_service.fleet.usecases.uniqueness import (
    UNIQUE,
    GroupNameCheck,
    NodeIdCheck,
    ReferenceCheck,
    UniqueFieldCheck,
)
from tests.service.fleet_rows import (
    ACTOR,
    ALLOCATOR,
    add_cluster,
    add_node,
    add_project,
    move_node,
)

KEY = "A" * 43 + "="
GONE_KEY = "B" * 42 + "A="


@pytest.fixture
def fleet(store: Database) -> Database:
    """Return a fleet with a live node, and two retired ones, of which one still has its server."""
    with store.writing() as session:
        add_cluster(session)
        add_project(session, "closed")
        retire_entry(session, ACTOR, Project, "closed", RetirementRequest())
        live = {"internal_ip": "10.0.0.1", "external_ip": "192.0.2.1"}
        add_node(session, "live", node_type="web", wireguard_public_key=KEY, **live)
        gone = {"internal_ip": "10.0.0.2", "wireguard_public_key": GONE_KEY}
        add_node(session, "gone", node_type="data", **gone)
        add_node(session, "held", node_type="media")
        change = NodeChange(provider_id="srv-1")
        change_node(session, ACTOR, "held", change, allocator=ALLOCATOR)
        for node_id in ("gone", "held"):
            move_node(session, node_id, NodeState.RETIRED)
    return store


@pytest.mark.parametrize(
    ("fields", "is_taken"),
    [
        ({"internal_ip": "10.0.0.1"}, True),
        ({"internal_ip": "10.0.0.1", "cluster_id": "other"}, False),
        ({"internal_ip": "10.0.0.2"}, False),
        ({"external_ip": "192.0.2.1", "cluster_id": "other"}, True),
        ({"wireguard_public_key": KEY, "cluster_id": "other"}, True),
        ({"wireguard_public_key": GONE_KEY}, False),
        ({"external_ip": "10.0.0.1"}, False),
        ({"internal_ip": None, "external_ip": None, "wireguard_public_key": None}, False),
    ],
)
def test_addresses_and_keys_of_live_nodes_are_taken(
    fleet: Database, fields: dict[str, Any], *, is_taken: bool
) -> None:
    row = {"node_id": "new", "cluster_id": "main"} | fields
    with fleet.reading() as session:
        check = UniqueFieldCheck(session, [row])
    if not is_taken:
        check.check(row)
        return
    with pytest.raises(Conflict, match="belongs to node 'live' already") as refusal:
        check.check(row)
    assert [error.field for error in refusal.value.field_errors] == [next(iter(fields))]


def test_a_node_does_not_conflict_with_itself(fleet: Database) -> None:
    row = {"node_id": "live", "cluster_id": "main", "internal_ip": "10.0.0.1"}
    with fleet.reading() as session:
        check = UniqueFieldCheck(session, [row])
    check.check(row)
    with pytest.raises(Conflict):
        check.check(row | {"node_id": "other"})


def test_what_a_node_no_longer_has_can_be_given_to_a_later_one(fleet: Database) -> None:
    had = dict.fromkeys(UNIQUE) | {"internal_ip": "10.0.0.1", "cluster_id": "main"}
    with fleet.reading() as session:
        check = UniqueFieldCheck(session, [had])
    # It is not what this node had, so that it stays with its owner.
    check.remove(had | {"node_id": "other"})
    with pytest.raises(Conflict):
        check.check(had | {"node_id": "new"})
    check.remove(had | {"node_id": "live"})
    check.check(had | {"node_id": "new"})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("new", None),
        ("gone", None),
        ("live", "There is a node 'live' already; it is planned."),
        ("held", "its server srv-1 still exists"),
    ],
)
def test_the_name_of_a_live_node_or_of_one_with_a_server_is_taken(
    fleet: Database, name: str, reason: str | None
) -> None:
    with fleet.reading() as session:
        check = NodeIdCheck(session, [name])
    if reason is None:
        check.take(name)
        reason = "already"
    with pytest.raises(Conflict, match=reason) as refusal:
        check.take(name)
    assert [error.field for error in refusal.value.field_errors] == ["node_id"]


@pytest.mark.parametrize(
    ("node_id", "node_type", "field"),
    [
        ("new", "web", None),
        ("web", "control", "node_id"),
        ("new", "live", "node_type"),
        ("same", "same", "node_id"),
        # Types and names of retired nodes are no groups and no hosts.
        ("data", "control", None),
        ("new", "gone", None),
        # The group of a type with a dash has an underscore.
        ("same-same", "same-same", None),
    ],
)
def test_no_host_is_called_like_a_group(
    fleet: Database, node_id: str, node_type: str, field: str | None
) -> None:
    row = {"node_id": node_id, "node_type": node_type}
    with fleet.reading() as session:
        check = GroupNameCheck(session, [row])
    if field is None:
        check.check(row)
        return
    with pytest.raises(Conflict) as refusal:
        check.check(row)
    assert [error.field for error in refusal.value.field_errors] == [field]


def test_nodes_of_one_request_are_checked_against_each_other(fleet: Database) -> None:
    rows = [
        {"node_id": "first", "node_type": "control"},
        {"node_id": "control", "node_type": "web"},
    ]
    with fleet.reading() as session:
        check = GroupNameCheck(session, rows)
    for row in rows[1:]:
        with pytest.raises(Conflict, match="is a node_type in use"):
            check.check(row)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cluster_id": "main", "project": None, "environment": "prod"}, None),
        ({}, None),
        ({"cluster_id": "nowhere"}, "cluster 'nowhere' is not known"),
        ({"project": "closed"}, "project 'closed' is retired"),
        ({"cluster_id": "main", "environment": "nowhere"}, "environment 'nowhere' is not known"),
    ],
)
def test_what_a_node_refers_to_must_be_live(
    fleet: Database, fields: dict[str, Any], reason: str | None
) -> None:
    with fleet.reading() as session:
        if reason is None:
            ReferenceCheck(session, [fields]).check(fields)
            return
        with pytest.raises(BadInput) as refusal:
            ReferenceCheck(session, [fields]).check(fields)
    assert [error.reason for error in refusal.value.field_errors] == [reason]

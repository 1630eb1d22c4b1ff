# SPDX-License-Identifier: Apache-2.0
"""Verbs of nodes: a change of state is a transition, and retirement releases the mesh address."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.clusters import ClusterRegistration
from inventory_service.fleet.domain.nodes import NodeRegistration, NodeState
from inventory_service.fleet.models.address_leases import AddressLease
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.clusters import register_cluster
from inventory_service.fleet.usecases.registrations import register_node

ACTOR = Actor("somebody", Channel.CLI, Scope.OPERATOR)


def make_node(session: Session) -> Node:
    register_cluster(
        session, ACTOR, ClusterRegistration(cluster_id="main", mesh_prefix="10.90.0.0/24")
    )
    wanted = NodeRegistration(node_id="web-1", node_type="web", cluster_id="main")
    return register_node(session, ACTOR, wanted, allocator=AddressAllocator(timedelta(days=1)))


def test_retirement_releases_the_address_at_the_time_of_the_transition(database: Database) -> None:
    with database.writing() as session:
        node = make_node(session)
        transition = node.change_state(NodeState.RETIRED, ACTOR, "done")
        lease = session.get_one(AddressLease, ("main", "10.90.0.1"))
        assert (transition.from_state, transition.to_state) == ("planned", "retired")
        assert lease.released_at == transition.at


def test_an_address_that_another_node_holds_by_now_stays_with_it(database: Database) -> None:
    with database.writing() as session:
        node = make_node(session)
        lease = session.get_one(AddressLease, ("main", "10.90.0.1"))
        with session.no_autoflush:
            lease.node_pk = node.id + 1
            node.release_address(node.created_at)
        assert lease.released_at is None
        session.expire(lease)


def test_only_a_restoration_brings_a_node_back(database: Database) -> None:
    with database.writing() as session:
        node = make_node(session)
        with pytest.raises(Conflict, match="only a retired node can be restored"):
            node.restore(ACTOR, None, wireguard_ip="10.90.0.1")
        node.change_state(NodeState.RETIRED, ACTOR, None)
        with pytest.raises(Conflict, match="`qm node restore web-1` brings it back"):
            node.change_state(NodeState.MAINTENANCE, ACTOR, None)
        node.restore(ACTOR, None, wireguard_ip="10.90.0.1")
        assert node.state == "planned"

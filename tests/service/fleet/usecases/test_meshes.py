# SPDX-License-Identifier: Apache-2.0
"""What is known of the addresses of many nodes is read together, and each is given once."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.address_leases import AddressLease
from inventory_service.fleet.usecases.meshes import Mesh, open_meshes
from tests.service.fleet_rows import ALLOCATOR, add_cluster, add_node, move_node
from tests.service.statements import noted_statements

OLD = ["10.90.0.1", "10.90.0.2"]


@pytest.fixture
def fleet(store: Database) -> Database:
    """Return a fleet in whose mesh two nodes of three are retired."""
    with store.writing() as session:
        add_cluster(session)
        for name in ("one", "two", "three"):
            add_node(session, name)
        move_node(session, "one", NodeState.RETIRED)
        move_node(session, "two", NodeState.RETIRED)
    return store


def open_mesh(session: Session, *addresses: str | None) -> Mesh:
    places = [("main", address) for address in addresses]
    return open_meshes(session, places, ALLOCATOR, now=datetime.now(UTC))["main"]


def test_a_cluster_that_is_not_known_has_no_mesh(fleet: Database) -> None:
    places = [("main", None), ("nowhere", "10.90.0.1")]
    with fleet.reading() as session:
        assert set(open_meshes(session, places, ALLOCATOR, now=datetime.now(UTC))) == {"main"}


def test_what_is_known_of_wanted_addresses_is_read_once(fleet: Database) -> None:
    with fleet.reading() as session:
        mesh = open_mesh(session, *OLD, "10.90.0.77", None)
        with noted_statements(fleet.engine) as sent:
            found = [mesh.leases.find(address) for address in OLD]
            is_known = mesh.leases.has("10.90.0.77")
        assert [lease and lease.address for lease in found] == OLD
    assert (is_known, sent) == (False, [])


@pytest.mark.parametrize("addresses", [OLD, [*OLD, "10.90.0.77"], ["10.90.0.77"]])
def test_each_address_goes_to_its_node(fleet: Database, addresses: list[str]) -> None:
    with fleet.writing() as session:
        node_pk = add_node(session, "four").id
        owners = dict.fromkeys(addresses, node_pk)
        mesh = open_mesh(session, *[None] * len(addresses))
        with noted_statements(fleet.engine) as sent:
            mesh.give(owners)
        assert len(sent) <= 1
    leases = select(AddressLease).where(AddressLease.node_pk == node_pk)
    with fleet.reading() as session:
        given = {lease.address: lease.released_at for lease in session.scalars(leases)}
    assert given == dict.fromkeys([*addresses, "10.90.0.4"])

# SPDX-License-Identifier: Apache-2.0
"""Restore retired nodes, with what still belongs to them."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import RestorationRequest
from inventory_service.fleet.models.address_leases import ClusterLeases
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.nodes import get_node
from inventory_service.fleet.usecases.uniqueness import (
    GroupNameCheck,
    ReferenceCheck,
    UniqueFieldCheck,
)


def restore_node(
    session: Session,
    actor: Actor,
    node_id: str,
    request: RestorationRequest,
    *,
    allocator: AddressAllocator,
) -> Node:
    """Bring back the node of that name that was retired last, with its old address if it can be.

    :raises NotFound: no such node.
    :raises Conflict: it is not retired; or what it had belongs to another node by now, or would
        make a host and a group of one name.
    """
    node = get_node(session, node_id)
    fields = node.as_dict() | node.find_lost()
    ReferenceCheck(session, [fields]).check(fields)
    GroupNameCheck(session, [fields]).check(fields)
    UniqueFieldCheck(session, [fields]).check(fields)
    leases = ClusterLeases(session, node.cluster_id)
    address = _choose_address(session, node, leases, allocator)
    node.restore(actor, request.reason, wireguard_ip=address)
    leases.give(address, node.id)
    session.flush()
    return node


def _choose_address(
    session: Session, node: Node, leases: ClusterLeases, allocator: AddressAllocator
) -> str:
    """Return the mesh address that the node had, or another one if that was given away."""
    lease = None if node.wireguard_ip is None else leases.find(node.wireguard_ip)
    if lease is not None and lease.node_pk == node.id:
        return lease.address
    cluster = session.get_one(Cluster, node.cluster_id)
    return allocator.start(cluster, leases, now=datetime.now(UTC)).choose(None)

# SPDX-License-Identifier: Apache-2.0
"""Change the fields of nodes."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import BadInput, Conflict, FieldError
from inventory_service.core.preconditions import Expected, check_if_match
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import REQUIRED, NodeChange, NodeState
from inventory_service.fleet.models.address_leases import ClusterLeases
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.nodes import get_node
from inventory_service.fleet.usecases.uniqueness import (
    UNIQUE,
    GroupNameCheck,
    ReferenceCheck,
    UniqueFieldCheck,
)


def change_node(
    session: Session,
    actor: Actor,
    node_id: str,
    change: NodeChange,
    *,
    allocator: AddressAllocator,
    expected: Expected = None,
) -> Node:
    """Set the fields that the change names; nothing is recorded if none of them differs.

    :raises NotFound: no such node.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: the node is retired, or an address or key belongs to another node.
    :raises BadInput: a required field is null, or a cluster, project or environment is not
            known.
    """
    node = get_node(session, node_id)
    check_if_match(f"Node '{node_id}'", node.revision, expected)
    apply_change(session, actor, node, change, allocator=allocator)
    return node


def apply_change(
    session: Session, actor: Actor, node: Node, change: NodeChange, *, allocator: AddressAllocator
) -> None:
    """Set the fields that the change names, of a node that was read before.

    :raises Conflict: as `change_node`.
    :raises BadInput: likewise.
    """
    wanted = change.model_dump(include=change.model_fields_set - {"reason"})
    wanted = {name: value for name, value in wanted.items() if value != getattr(node, name)}
    if not wanted:
        return
    _check_change(session, node, wanted)
    if {"cluster_id", "wireguard_ip"} & wanted.keys():
        wanted["wireguard_ip"] = _change_address(session, node, wanted, allocator)
    node.change(wanted, actor, change.reason)


def _check_change(session: Session, node: Node, wanted: dict[str, Any]) -> None:
    _check_changeable(node, wanted)
    ReferenceCheck(session, [wanted]).check(wanted)
    if wanted.keys() & {"cluster_id", *UNIQUE}:
        cluster_id = wanted.get("cluster_id", node.cluster_id)
        fields = {"internal_ip": node.internal_ip} | wanted | {"cluster_id": cluster_id}
        UniqueFieldCheck(session, [fields], own_id=node.id).check(fields)
    if "node_type" in wanted:
        fields = {"node_id": node.node_id, "node_type": wanted["node_type"]}
        GroupNameCheck(session, [fields]).check(fields)


def _change_address(
    session: Session, node: Node, wanted: dict[str, Any], allocator: AddressAllocator
) -> str:
    """Give the node another address, of its new cluster where that changes too, and return it."""
    cluster = session.get_one(Cluster, wanted.get("cluster_id", node.cluster_id))
    now = datetime.now(UTC)
    node.release_address(now)
    leases = ClusterLeases(session, cluster.cluster_id)
    address = allocator.start(cluster, leases, now=now).choose(wanted.get("wireguard_ip"))
    leases.give(address, node.id)
    return address


def _check_changeable(node: Node, wanted: dict[str, Any]) -> None:
    empty = [name for name in REQUIRED if name in wanted and wanted[name] is None]
    if empty:
        raise BadInput(
            f"{', '.join(empty)} of node '{node.node_id}' must not be empty.",
            field_errors=[FieldError(name, "must not be null") for name in empty],
        )
    # The server of a retired node is destroyed later, and its provider_id cleared then.
    if node.state == NodeState.RETIRED.value and not wanted.keys() <= {"provider_id"}:
        raise Conflict(
            f"Node '{node.node_id}' is retired; only its provider_id can still change. Register a "
            "new node instead."
        )

# SPDX-License-Identifier: Apache-2.0
"""Change nodes and their states, and read them."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import BadInput, Conflict, FieldError, NotFound
from inventory_service.core.pagination import Page
from inventory_service.core.preconditions import Expected, check_if_match
from inventory_service.fleet import queries
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import (
    LIVE,
    REQUIRED,
    NodeChange,
    NodeState,
    TransitionRequest,
)
from inventory_service.fleet.models.address_leases import ClusterLeases
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.nodes import Node, Transition
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


def transition_node(
    session: Session, actor: Actor, node_id: str, request: TransitionRequest
) -> Transition:
    """Change the state of a node; retirement releases its mesh address.

    :raises NotFound: no such node.
    :raises Conflict: there is no such transition.
    """
    node = get_node(session, node_id)
    transition = node.change_state(request.state, actor, request.reason)
    session.flush()
    return transition


def retire_nodes(session: Session, actor: Actor, names: Collection[str], reason: str) -> None:
    """Retire many nodes: read together, and written together.

    :raises NotFound: there was never a node of one of these names.
    :raises Conflict: one of them can't be retired.
    """
    nodes = get_nodes(session, names)
    # Kept, so that the release of an address needs no query of its own.
    leases = queries.list_leases(session, nodes)
    for node in nodes:
        node.change_state(NodeState.RETIRED, actor, reason)
    session.flush()
    del leases


def get_nodes(session: Session, names: Collection[str]) -> list[Node]:
    """Return what `get_node` returns for each name, in their order.

    :raises NotFound: there was never a node of one of these names.
    """
    found = queries.find_nodes(session, names)
    return [found.get(name) or get_node(session, name) for name in names]


def get_node(session: Session, node_id: str) -> Node:
    """Return the live node of that name, else the one that was retired last.

    :raises NotFound: there was never one.
    """
    node = queries.find_node(session, node_id)
    if node is None:
        raise NotFound(
            f"There is no node '{node_id[:64]}'. `qm node list` shows those that there are."
        )
    return node


def list_nodes(
    session: Session, filters: queries.Filters, page: Page, *, prefix: str = ""
) -> Sequence[Node]:
    """Return a page of nodes whose names begin so; without a state, of those not retired."""
    narrowed = dict(filters)
    if not narrowed.get("state"):
        narrowed["state"] = [state.value for state in LIVE]
    elif "any" in narrowed["state"]:
        narrowed["state"] = []
    query = queries.apply_filters(select(Node), narrowed)
    if prefix:
        query = query.where(Node.node_id.startswith(prefix, autoescape=True))
    return read_page(session, Node, query, page)


def list_transitions(session: Session, node_id: str) -> Sequence[Transition]:
    """Return the transitions of a node, oldest first.

    :raises NotFound: no such node.
    """
    node = get_node(session, node_id)
    return session.scalars(
        select(Transition).where(Transition.node_pk == node.id).order_by(Transition.id)
    ).all()


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

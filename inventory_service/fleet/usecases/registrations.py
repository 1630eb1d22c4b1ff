# SPDX-License-Identifier: Apache-2.0
"""Register nodes: one, or thousands in one transaction."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.errors import ErrorCollector, FieldError, ServiceError
from inventory_service.core.revision import next_revision
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import NodeRegistration, NodeState
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.meshes import Mesh, open_meshes
from inventory_service.fleet.usecases.uniqueness import (
    GroupNameCheck,
    NodeIdCheck,
    ReferenceCheck,
    UniqueFieldCheck,
)

_ROW = re.compile(r"nodes\.([0-9]+)\.(.+)", re.DOTALL)


_Meshes = Mapping[str, Mesh]


def register_node(
    session: Session, actor: Actor, wanted: NodeRegistration, *, allocator: AddressAllocator
) -> Node:
    """Register a node as planned, with an address of its cluster's mesh.

    :raises Conflict: the name, an address or the key belongs to another node; or an older node of
        that name is retired but still has its server.
    :raises BadInput: its cluster, project or environment is not known, or its mesh address lies
        outside the mesh.
    :raises Exhausted: the mesh has no address left.
    """
    meshes = _open_meshes(session, [wanted], allocator)
    _check(session, [wanted], meshes, _raise)
    return _register(session, actor, [wanted], meshes, source="api")[0]


def check_nodes(
    session: Session, wanted: Sequence[NodeRegistration], *, allocator: AddressAllocator
) -> None:
    """Check whether all of the nodes could be registered, and change nothing.

    :raises Conflict: as `register_nodes`.
    :raises BadInput: likewise.
    """
    _check_all(session, wanted, _open_meshes(session, wanted, allocator))


def register_nodes(
    session: Session,
    actor: Actor,
    wanted: Sequence[NodeRegistration],
    *,
    allocator: AddressAllocator,
    source: str = "api",
) -> list[Node]:
    """Register all of the nodes, or none.

    :raises Conflict: a name, an address or a key belongs to another node, or two of these want
        the same; ``field_errors`` name each row and field.
    :raises BadInput: a cluster, a project or an environment is not known, or a mesh address lies
        outside the mesh; likewise.
    :raises Exhausted: a mesh has no address left.
    """
    meshes = _open_meshes(session, wanted, allocator)
    _check_all(session, wanted, meshes)
    return _register(session, actor, wanted, meshes, source=source)


def relocate_row(
    error: FieldError, relocate: Callable[[int, FieldError], FieldError]
) -> FieldError:
    """Return an error of `register_nodes` relocated by its row and the error in that row."""
    row = _ROW.match(error.field)
    return relocate(int(row[1]), replace(error, field=row[2])) if row else error


def _check_all(session: Session, wanted: Sequence[NodeRegistration], meshes: _Meshes) -> None:
    """Raise an error that names each node that can't be registered, if there is one."""
    errors = ErrorCollector()

    def collect(index: int, error: ServiceError) -> None:
        errors.note(
            error.relocated(lambda fault: replace(fault, field=f"nodes.{index}.{fault.field}"))
        )

    _check(session, wanted, meshes, collect)
    if errors.field_errors:
        raise errors.kind(
            f"{len(errors.field_errors)} of {len(wanted)} nodes can't be registered, and so "
            "none was. Correct the rows named and send all of them again.",
            field_errors=errors.field_errors,
        )


def _raise(_index: int, error: ServiceError) -> None:
    raise error


def _check(
    session: Session,
    wanted: Sequence[NodeRegistration],
    meshes: _Meshes,
    handle: Callable[[int, ServiceError], None],
) -> None:
    """Pass each error to ``handle``; reserve the mesh addresses that the other nodes ask for."""
    rows = [one.model_dump(exclude={"reason"}) for one in wanted]
    names = NodeIdCheck(session, {row["node_id"] for row in rows})
    groups = GroupNameCheck(session, rows)
    taken = UniqueFieldCheck(session, rows)
    references = ReferenceCheck(session, rows)
    for index, row in enumerate(rows):
        try:
            names.take(row["node_id"])
            groups.check(row)
            references.check(row)
            taken.check(row)
            if row["wireguard_ip"] is not None:
                meshes[row["cluster_id"]].allocation.choose(row["wireguard_ip"])
        except ServiceError as error:
            handle(index, error)
        else:
            taken.add(row)


def _register(
    session: Session,
    actor: Actor,
    wanted: Sequence[NodeRegistration],
    meshes: _Meshes,
    *,
    source: str,
) -> list[Node]:
    if not wanted:
        return []
    now = datetime.now(UTC)
    revision = next_revision(session)
    # `_check` has reserved those asked for, so that none of them is given to another node.
    addresses = [
        one.wireguard_ip or meshes[one.cluster_id].allocation.choose(None) for one in wanted
    ]
    nodes = [
        Node(
            **one.model_dump(exclude={"reason", "wireguard_ip"}),
            wireguard_ip=address,
            state=NodeState.PLANNED.value,
            source=source,
            created_at=now,
            updated_at=now,
            revision=revision,
        )
        for one, address in zip(wanted, addresses, strict=True)
    ]
    session.add_all(nodes)
    session.flush()
    owners: dict[str, dict[str, int]] = {name: {} for name in meshes}
    for node, one, address in zip(nodes, wanted, addresses, strict=True):
        owners[node.cluster_id][address] = node.id
        after = one.model_dump(exclude={"reason"}, exclude_defaults=True)
        record(
            session,
            actor,
            "register",
            "node",
            node.node_id,
            after=after | {"wireguard_ip": address},
            reason=one.reason,
        )
    for name, mesh in meshes.items():
        mesh.give(owners[name])
    session.flush()
    return nodes


def _open_meshes(
    session: Session, wanted: Sequence[NodeRegistration], allocator: AddressAllocator
) -> _Meshes:
    """Return the meshes of the clusters that the nodes name and that exist."""
    places = [(one.cluster_id, one.wireguard_ip) for one in wanted]
    return open_meshes(session, places, allocator, now=datetime.now(UTC))

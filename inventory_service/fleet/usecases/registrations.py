# SPDX-License-Identifier: Apache-2.0
"""Registering nodes: one, or thousands in one act."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.errors import ErrorCollector, FieldError, ServiceError
from inventory_service.core.revision import next_revision
from inventory_service.fleet.domain.nodes import NodeRegistration, NodeState
from inventory_service.fleet.models.address_leases import AddressAllocator
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.uniqueness import (
    REFERENCES,
    GroupNameCheck,
    NodeIdCheck,
    UniqueFieldCheck,
    check_references,
)

_ROW = re.compile(r"nodes\.([0-9]+)\.(.+)", re.DOTALL)

#: What is free in the mesh of each cluster.
Free = Mapping[str, AddressAllocator]


def register_node(
    session: Session, actor: Actor, wanted: NodeRegistration, *, quarantine: timedelta
) -> Node:
    """Make a node known, planned, with an address of its cluster's mesh.

    :raises Conflict: the name, an address or the key belongs to another node; or an older node of
        that name is retired but still has its server.
    :raises BadInput: its cluster, project or environment is not known, or its mesh address lies
        outside the mesh.
    :raises Exhausted: the mesh has no address left.
    """
    free = _read_free(session, [wanted], quarantine=quarantine)
    _check(session, [wanted], free, _raise)
    return _register(session, actor, [wanted], free, source="api")[0]


def register_nodes(
    session: Session,
    actor: Actor,
    wanted: Sequence[NodeRegistration],
    *,
    quarantine: timedelta,
    source: str = "api",
) -> list[Node]:
    """Make all of the nodes known, or none.

    :raises Conflict: a name, an address or a key belongs to another node, or two of these want
        the same; ``field_errors`` name each row and field.
    :raises BadInput: a cluster, a project or an environment is not known, or a mesh address lies
        outside the mesh; likewise.
    :raises Exhausted: a mesh has no address left.
    """
    free = _read_free(session, wanted, quarantine=quarantine)
    _check_all(session, wanted, free)
    return _register(session, actor, wanted, free, source=source)


def place_row(fault: FieldError, place: Callable[[int, FieldError], FieldError]) -> FieldError:
    """Return a fault of `register_nodes` as ``place`` tells it, who gets its row and its field."""
    row = _ROW.match(fault.field)
    return place(int(row[1]), replace(fault, field=row[2])) if row else fault


def _check_all(session: Session, wanted: Sequence[NodeRegistration], free: Free) -> None:
    """Let nodes pass that can all be registered together, else name each that can't."""
    refusals = ErrorCollector()

    def note(place: int, refusal: ServiceError) -> None:
        refusals.note(
            refusal.relocated(lambda fault: replace(fault, field=f"nodes.{place}.{fault.field}"))
        )

    _check(session, wanted, free, note)
    if refusals.field_errors:
        raise refusals.kind(
            f"{len(refusals.field_errors)} of {len(wanted)} nodes can't be registered, and so "
            "none was. Mend the rows named and send all of them again.",
            field_errors=refusals.field_errors,
        )


def _raise(_place: int, refusal: ServiceError) -> None:
    raise refusal


def _check(
    session: Session,
    wanted: Sequence[NodeRegistration],
    free: Free,
    refuse: Callable[[int, ServiceError], None],
) -> None:
    """Hand over what can't be registered; the others have the mesh addresses they asked for."""
    rows = [one.model_dump(exclude={"reason"}) for one in wanted]
    names = NodeIdCheck(session, {row["node_id"] for row in rows})
    groups = GroupNameCheck(session, rows)
    taken = UniqueFieldCheck(session, rows)
    known: set[tuple[str | None, ...]] = set()
    for place, row in enumerate(rows):
        try:
            names.take(row["node_id"])
            groups.check(row)
            references = tuple(row[kind.FIELDS[0]] for kind in REFERENCES)
            if references not in known:
                check_references(session, row)
                known.add(references)
            taken.check(row)
            if row["wireguard_ip"] is not None:
                free[row["cluster_id"]].choose(row["wireguard_ip"])
        except ServiceError as refusal:
            refuse(place, refusal)
        else:
            taken.add(row)


def _register(
    session: Session,
    actor: Actor,
    wanted: Sequence[NodeRegistration],
    free: Free,
    *,
    source: str,
) -> list[Node]:
    if not wanted:
        return []
    now = datetime.now(UTC)
    revision = next_revision(session)
    # Those asked for are chosen by now, so that none of them is given to another node.
    addresses = [one.wireguard_ip or free[one.cluster_id].choose(None) for one in wanted]
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
    with session.no_autoflush:
        for node, one, address in zip(nodes, wanted, addresses, strict=True):
            free[node.cluster_id].lease(address, node.id)
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
    session.flush()
    return nodes


def _read_free(
    session: Session, wanted: Sequence[NodeRegistration], *, quarantine: timedelta
) -> Free:
    """Return what is free in the meshes that the nodes are wanted in, of the clusters there are."""
    names = {one.cluster_id for one in wanted}
    clusters = [session.get(Cluster, name) for name in names]
    return {
        cluster.cluster_id: AddressAllocator(
            session, cluster, quarantine=quarantine, for_many=len(wanted) > 1
        )
        for cluster in clusters
        if cluster is not None
    }

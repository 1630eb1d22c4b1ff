# SPDX-License-Identifier: Apache-2.0
"""Registering nodes: one, or thousands in one act."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from inventory_service.domain.actors import Actor
from inventory_service.domain.errors import BadInput, Conflict, Fault, Refusal
from inventory_service.domain.nodes import NodeRegistration, NodeState
from inventory_service.storage.models import Cluster, Node, record
from inventory_service.usecases.uniqueness import Names, Taken, check_references

_MOST_FAULTS = 50


def register_node(
    session: Session, actor: Actor, wanted: NodeRegistration, *, quarantine: timedelta
) -> Node:
    """Make a node known, planned, with an address of its cluster's mesh.

    :raises Conflict: the name, an address or the key belongs to another node; or an older node of
        that name is retired but still has its server.
    :raises BadInput: its cluster or project is not known.
    """
    _check(session, [wanted], _raise)
    return _register(session, actor, [wanted], quarantine=quarantine, source="api")[0]


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
        the same; ``faults`` name each row and field.
    :raises BadInput: a cluster or a project is not known; likewise.
    """
    faults: list[Fault] = []
    kinds: set[type[Refusal]] = set()

    def note(place: int, refusal: Refusal) -> None:
        kinds.add(type(refusal))
        faults.extend(
            Fault(f"nodes.{place}.{fault.field}", fault.reason) for fault in refusal.faults
        )

    _check(session, wanted, note)
    if faults:
        kind = BadInput if BadInput in kinds else Conflict
        raise kind(
            f"{len(faults)} of {len(wanted)} nodes can't be registered, and so none was. Mend the "
            "rows named and send all of them again.",
            faults=faults[:_MOST_FAULTS],
        )
    return _register(session, actor, wanted, quarantine=quarantine, source=source)


def _raise(_place: int, refusal: Refusal) -> None:
    raise refusal


def _check(
    session: Session, wanted: Sequence[NodeRegistration], refuse: Callable[[int, Refusal], None]
) -> None:
    rows = [one.model_dump(exclude={"reason"}) for one in wanted]
    names = Names(session, {row["node_id"] for row in rows})
    taken = Taken(session, rows)
    for place, row in enumerate(rows):
        try:
            names.take(row["node_id"])
            check_references(session, row)
            taken.check(row)
        except Refusal as refusal:
            refuse(place, refusal)
        else:
            taken.add(row)


def _register(
    session: Session,
    actor: Actor,
    wanted: Sequence[NodeRegistration],
    *,
    quarantine: timedelta,
    source: str,
) -> list[Node]:
    now = datetime.now(UTC)
    nodes = [
        Node(
            **one.model_dump(exclude={"reason", "wireguard_ip"}),
            state=NodeState.PLANNED.value,
            source=source,
            created_at=now,
            updated_at=now,
            revision=0,
        )
        for one in wanted
    ]
    session.add_all(nodes)
    session.flush()
    _lease(session, nodes, wanted, quarantine=quarantine)
    for node, one in zip(nodes, wanted, strict=True):
        after = one.model_dump(exclude={"reason"}, exclude_defaults=True)
        node.revision = record(
            session,
            actor,
            "register",
            "node",
            node.node_id,
            after=after | {"wireguard_ip": node.wireguard_ip},
            reason=one.reason,
        ).revision
    session.flush()
    return nodes


def _lease(
    session: Session,
    nodes: Sequence[Node],
    wanted: Sequence[NodeRegistration],
    *,
    quarantine: timedelta,
) -> None:
    """Give each node its address: first those that were asked for, so that none is given away."""
    pairs = sorted(zip(nodes, wanted, strict=True), key=lambda pair: pair[1].wireguard_ip is None)
    for node, one in pairs:
        cluster = session.get_one(Cluster, node.cluster_id)
        node.wireguard_ip = cluster.lease_address(node.id, one.wireguard_ip, quarantine=quarantine)

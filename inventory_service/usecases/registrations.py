# SPDX-License-Identifier: Apache-2.0
"""Registering nodes: one, or thousands in one act."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from inventory_service.domain.actors import Actor
from inventory_service.domain.errors import BadInput, Conflict, Fault, Refusal
from inventory_service.domain.nodes import NodeRegistration, NodeState
from inventory_service.storage.models import (
    Cluster,
    FreeAddresses,
    Node,
    next_revision,
    record,
)
from inventory_service.usecases.uniqueness import (
    REFERENCES,
    Groups,
    Names,
    Taken,
    check_references,
)


def register_node(
    session: Session, actor: Actor, wanted: NodeRegistration, *, quarantine: timedelta
) -> Node:
    """Make a node known, planned, with an address of its cluster's mesh.

    :raises Conflict: the name, an address or the key belongs to another node; or an older node of
        that name is retired but still has its server.
    :raises BadInput: its cluster, project or environment is not known.
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
    :raises BadInput: a cluster, a project or an environment is not known; likewise.
    """
    check_nodes(session, wanted)
    return _register(session, actor, wanted, quarantine=quarantine, source=source)


def check_nodes(session: Session, wanted: Sequence[NodeRegistration]) -> None:
    """Let nodes pass that can all be registered together.

    :raises Conflict: as `register_nodes`.
    :raises BadInput: likewise.
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
            faults=faults,
        )


def _raise(_place: int, refusal: Refusal) -> None:
    raise refusal


def _check(
    session: Session, wanted: Sequence[NodeRegistration], refuse: Callable[[int, Refusal], None]
) -> None:
    rows = [one.model_dump(exclude={"reason"}) for one in wanted]
    names = Names(session, {row["node_id"] for row in rows})
    groups = Groups(session, rows)
    taken = Taken(session, rows)
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
    if not wanted:
        return []
    now = datetime.now(UTC)
    revision = next_revision(session)
    free = _read_free(session, wanted, quarantine=quarantine)
    addresses = _choose_addresses(free, wanted)
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
) -> dict[str, FreeAddresses]:
    """Return what is free in the meshes that the nodes are wanted in, by cluster."""
    return {
        cluster_id: FreeAddresses(
            session,
            session.get_one(Cluster, cluster_id),
            quarantine=quarantine,
            for_many=len(wanted) > 1,
        )
        for cluster_id in {one.cluster_id for one in wanted}
    }


def _choose_addresses(
    free: Mapping[str, FreeAddresses], wanted: Sequence[NodeRegistration]
) -> list[str]:
    """Return an address for each node; those asked for go first, so that none is given away."""
    addresses = [""] * len(wanted)
    for place in sorted(range(len(wanted)), key=lambda place: wanted[place].wireguard_ip is None):
        one = wanted[place]
        addresses[place] = free[one.cluster_id].choose(one.wireguard_ip)
    return addresses

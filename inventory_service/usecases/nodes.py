# SPDX-License-Identifier: Apache-2.0
"""Acts on nodes: register, change, move, read."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.domain.actors import Actor
from inventory_service.domain.errors import BadInput, Conflict, Fault, NotFound
from inventory_service.domain.nodes import (
    LIVE,
    REQUIRED,
    NodeChange,
    NodeRegistration,
    NodeState,
    TransitionRequest,
)
from inventory_service.domain.revisions import Expected, check_expected
from inventory_service.storage.models import (
    AddressLease,
    Cluster,
    Node,
    Project,
    Transition,
    record,
)
from inventory_service.storage.queries import nodes as queries

_ADDRESSES = ("internal_ip", "external_ip")


def register_node(
    session: Session,
    actor: Actor,
    wanted: NodeRegistration,
    *,
    quarantine: timedelta,
    source: str = "api",
) -> Node:
    """Make a node known, planned, with an address of its cluster's mesh.

    :raises Conflict: the name, an address or the key belongs to another node; or an older node of
        that name is retired but still has its server.
    :raises BadInput: its cluster or project is not known.
    """
    known = queries.find_node(session, wanted.node_id)
    if known is not None:
        _check_name_is_free(known)
    fields = wanted.model_dump(exclude={"reason", "wireguard_ip"})
    _check_references(session, fields)
    _check_unique(session, fields, cluster_id=wanted.cluster_id, own_id=None)
    now = datetime.now(UTC)
    node = Node(
        **fields,
        state=NodeState.PLANNED.value,
        source=source,
        created_at=now,
        updated_at=now,
        revision=0,
    )
    session.add(node)
    session.flush()
    node.wireguard_ip = _get_cluster(session, wanted.cluster_id).lease_address(
        node.id, wanted.wireguard_ip, quarantine=quarantine
    )
    entry = record(
        session,
        actor,
        "register",
        "node",
        node.node_id,
        after=wanted.model_dump(exclude={"reason"}, exclude_defaults=True)
        | {"wireguard_ip": node.wireguard_ip},
        reason=wanted.reason,
    )
    node.revision = entry.revision
    return node


def change_node(
    session: Session,
    actor: Actor,
    node_id: str,
    change: NodeChange,
    *,
    quarantine: timedelta,
    expected: Expected = None,
) -> Node:
    """Set what the change names; nothing happens, and nothing is recorded, if all is so already.

    :raises NotFound: no such node.
    :raises Stale: it is not as the caller expects it.
    :raises Conflict: the node is retired, or an address or key belongs to another node.
    :raises BadInput: a required field is null, or a cluster or project is not known.
    """
    node = get_node(session, node_id)
    check_expected(f"Node '{node_id}'", node.revision, expected)
    wanted = change.model_dump(include=change.model_fields_set - {"reason"})
    before = {name: getattr(node, name) for name in wanted}
    wanted = {name: value for name, value in wanted.items() if value != before[name]}
    if not wanted:
        return node
    _check_changeable(node, wanted)
    _check_references(session, wanted)
    cluster_id = wanted.get("cluster_id", node.cluster_id)
    _check_unique(session, wanted, cluster_id=cluster_id, own_id=node.id)
    if {"cluster_id", "wireguard_ip"} & wanted.keys():
        before["wireguard_ip"] = node.wireguard_ip
        _release_address(session, node)
        wanted["wireguard_ip"] = _get_cluster(session, cluster_id).lease_address(
            node.id, wanted.get("wireguard_ip"), quarantine=quarantine
        )
    entry = record(
        session,
        actor,
        "change",
        "node",
        node_id,
        before={name: before[name] for name in wanted},
        after=wanted,
        reason=change.reason,
    )
    for name, value in wanted.items():
        setattr(node, name, value)
    node.touch(entry.revision)
    return node


def move_node(
    session: Session, actor: Actor, node_id: str, request: TransitionRequest
) -> Transition:
    """Take a node on to another state of its life; retirement gives its mesh address back.

    :raises NotFound: no such node.
    :raises Conflict: there is no such move.
    """
    node = get_node(session, node_id)
    transition = node.move(request.state, actor, request.reason)
    if request.state is NodeState.RETIRED:
        _release_address(session, node)
    session.flush()
    return transition


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
    session: Session, filters: queries.Filters, *, after: tuple[str, int] | None, limit: int
) -> Sequence[Node]:
    """Return nodes by name; without a filter by state, those that are not retired."""
    narrowed = dict(filters)
    if not narrowed.get("state"):
        narrowed["state"] = [state.value for state in LIVE]
    elif "any" in narrowed["state"]:
        narrowed["state"] = []
    return queries.list_nodes(session, narrowed, after=after, limit=limit)


def list_transitions(session: Session, node_id: str) -> Sequence[Transition]:
    """Return the moves of a node's life, oldest first.

    :raises NotFound: no such node.
    """
    node = get_node(session, node_id)
    return session.scalars(
        select(Transition).where(Transition.node_pk == node.id).order_by(Transition.id)
    ).all()


def _check_name_is_free(known: Node) -> None:
    if known.state != NodeState.RETIRED.value:
        raise Conflict(
            f"There is a node '{known.node_id}' already; it is {known.state}. Change it, or choose "
            "another name."
        )
    if known.provider_id is not None:
        raise Conflict(
            f"Node '{known.node_id}' is retired, but its server {known.provider_id} still exists. "
            "Run the playbook retire.yml first, or choose another name."
        )


def _check_changeable(node: Node, wanted: dict[str, Any]) -> None:
    empty = [name for name in REQUIRED if name in wanted and wanted[name] is None]
    if empty:
        raise BadInput(
            f"Node '{node.node_id}' can't do without {', '.join(empty)}.",
            faults=[Fault(name, "must not be null") for name in empty],
        )
    # A retired node's server is still to be destroyed, and that is noted here.
    if node.state == NodeState.RETIRED.value and not wanted.keys() <= {"provider_id"}:
        raise Conflict(
            f"Node '{node.node_id}' is retired; only its provider_id can still change. Register a "
            "new node instead."
        )


def _check_references(session: Session, fields: dict[str, Any]) -> None:
    if fields.get("cluster_id") is not None:
        cluster = session.get(Cluster, fields["cluster_id"])
        _check_known("cluster_id", "cluster", fields["cluster_id"], cluster)
    if fields.get("project") is not None:
        project = session.get(Project, fields["project"])
        _check_known("project", "project", fields["project"], project)


def _check_known(field: str, noun: str, name: str, known: Cluster | Project | None) -> None:
    if known is not None and known.retired_at is None:
        return
    reason = f"{noun} '{name}' is {'not known' if known is None else 'retired'}"
    raise BadInput(
        f"The {reason}. `qm {noun} add` makes one; `qm {noun} list` shows those that there are.",
        faults=[Fault(field, reason)],
    )


def _check_unique(
    session: Session, fields: dict[str, Any], *, cluster_id: str, own_id: int | None
) -> None:
    others = select(Node.node_id).where(Node.state != NodeState.RETIRED.value)
    if own_id is not None:
        others = others.where(Node.id != own_id)
    for name in (*_ADDRESSES, "wireguard_public_key"):
        value = fields.get(name)
        if value is None:
            continue
        query = others.where(getattr(Node, name) == value)
        if name == "internal_ip":
            # Private networks may repeat from one cluster to the next.
            query = query.where(Node.cluster_id == cluster_id)
        owner = session.execute(query.limit(1)).scalar_one_or_none()
        if owner is not None:
            raise Conflict(
                f"The {name} {value} belongs to node '{owner}' already. Retire or change that "
                "node first.",
                faults=[Fault(name, f"belongs to node '{owner}'")],
            )


def _get_cluster(session: Session, cluster_id: str) -> Cluster:
    cluster = session.get(Cluster, cluster_id)
    assert cluster is not None  # noqa: S101 - its existence was checked above
    return cluster


def _release_address(session: Session, node: Node) -> None:
    if node.wireguard_ip is None:
        return
    lease = session.get(AddressLease, (node.cluster_id, node.wireguard_ip))
    if lease is not None and lease.node_pk == node.id:
        lease.released_at = datetime.now(UTC)

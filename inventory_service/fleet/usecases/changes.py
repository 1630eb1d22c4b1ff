# SPDX-License-Identifier: Apache-2.0
"""Change the fields of nodes: of one, or of thousands in one transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import BadInput, Conflict, FieldError, ServiceError
from inventory_service.core.preconditions import Expected, check_if_match
from inventory_service.fleet import queries
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import REQUIRED, NodeChange, NodeState
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.meshes import open_meshes
from inventory_service.fleet.usecases.nodes import get_node
from inventory_service.fleet.usecases.uniqueness import (
    UNIQUE,
    GroupNameCheck,
    ReferenceCheck,
    UniqueFieldCheck,
)

#: Gets the place of a change that can't be made, and the reason.
Handler = Callable[[int, ServiceError], None]


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
    change_nodes(session, actor, [(node, change)], allocator=allocator)
    return node


def change_nodes(
    session: Session,
    actor: Actor,
    changes: Iterable[tuple[Node, NodeChange]],
    *,
    allocator: AddressAllocator,
    handle: Handler | None = None,
) -> None:
    """Set the fields that each change names, in their order, of nodes that were read before.

    Reads are together, however many they are. With ``handle``, those that can't be made are left
    out and handed to it; else the first one is raised.

    :raises Conflict: as `change_node`.
    :raises BadInput: likewise.
    """
    wanted = [_Wanted.of(index, *pair) for index, pair in enumerate(changes)]
    batch = _Batch(session, [one for one in wanted if one.fields], allocator)
    for one in wanted:
        try:
            if one.fields:
                batch.change(one, actor)
        except ServiceError as error:
            if handle is None:
                raise
            handle(one.index, error)
    batch.give_addresses()


@dataclass(frozen=True)
class _Wanted:
    """The fields of a change that the node has not."""

    index: int
    node: Node
    fields: dict[str, Any]
    reason: str | None

    @classmethod
    def of(cls, index: int, node: Node, change: NodeChange) -> "_Wanted":
        fields = change.model_dump(include=change.model_fields_set - {"reason"})
        differing = {name: new for name, new in fields.items() if new != getattr(node, name)}
        return cls(index, node, differing, change.reason)

    @property
    def cluster_id(self) -> str:
        """Return the cluster that the node will be in."""
        cluster_id: str = self.fields.get("cluster_id") or self.node.cluster_id
        return cluster_id

    @property
    def takes_address(self) -> bool:
        """Return whether the node gets another address of a mesh."""
        return bool({"cluster_id", "wireguard_ip"} & self.fields.keys())

    @property
    def row(self) -> dict[str, Any]:
        """Return the fields to check against other nodes: those that change, and where it is."""
        node = self.node
        known = {"node_id": node.node_id, "internal_ip": node.internal_ip}
        return known | self.fields | {"cluster_id": self.cluster_id}


class _Batch:
    """The changes of one request, with what they are checked against."""

    def __init__(
        self, session: Session, wanted: Sequence[_Wanted], allocator: AddressAllocator
    ) -> None:
        self._session = session
        self._now = datetime.now(UTC)
        self._references = ReferenceCheck(session, [one.fields for one in wanted])
        self._taken = UniqueFieldCheck(session, [one.row for one in wanted if _is_unique(one)])
        typed = [one.row for one in wanted if one.fields.get("node_type")]
        self._groups = GroupNameCheck(session, typed)
        moving = [one for one in wanted if one.takes_address]
        places = [(one.cluster_id, one.fields.get("wireguard_ip")) for one in moving]
        self._meshes = open_meshes(session, places, allocator, now=self._now)
        self._chosen: dict[str, dict[str, int]] = {name: {} for name in self._meshes}
        # Kept, so that the release of an address needs no query of its own.
        self._leases = queries.list_leases(session, [one.node for one in moving])
        self._freed_keys: set[str | None] = set()

    def change(self, one: _Wanted, actor: Actor) -> None:
        """Change a node.

        :raises Conflict: as `change_node`.
        :raises BadInput: likewise.
        """
        self._check(one)
        fields = one.fields
        if one.takes_address:
            fields = fields | {"wireguard_ip": self._choose_address(one)}
        if _is_unique(one):
            self._take(one)
        one.node.change(fields, actor, one.reason)

    def give_addresses(self) -> None:
        """Record who has the addresses that the changes took."""
        for name, owners in self._chosen.items():
            self._meshes[name].give(owners)

    def _check(self, one: _Wanted) -> None:
        _check_changeable(one.node, one.fields)
        self._references.check(one.fields)
        if _is_unique(one):
            self._taken.check(one.row)
        if "node_type" in one.fields:
            self._groups.check(one.row)

    def _choose_address(self, one: _Wanted) -> str:
        """Return another address for the node, of its new cluster where that changes too."""
        one.node.release_address(self._now)
        mesh = self._meshes[one.cluster_id]
        address = mesh.allocation.choose(one.fields.get("wireguard_ip"))
        self._chosen[one.cluster_id][address] = one.node.id
        return address

    def _take(self, one: _Wanted) -> None:
        """Free what the node has, and take what it gets, for those that follow."""
        node = one.node
        before = {name: getattr(node, name) for name in ("node_id", "cluster_id", *UNIQUE)}
        self._taken.remove(before)
        self._taken.add(before | one.row)
        if "wireguard_public_key" in one.fields:
            if one.fields["wireguard_public_key"] in self._freed_keys:
                # Its index is unique, and one flush writes the nodes in the order of their keys.
                self._session.flush()
            self._freed_keys.add(node.wireguard_public_key)


def _is_unique(one: _Wanted) -> bool:
    """Return whether the change sets what no two nodes of the fleet, or of a cluster, share."""
    return not one.fields.keys().isdisjoint({"cluster_id", *UNIQUE})


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

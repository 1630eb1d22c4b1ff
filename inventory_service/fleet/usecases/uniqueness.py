# SPDX-License-Identifier: Apache-2.0
"""Checks against other rows: names, addresses and keys that are taken, references that exist."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.errors import BadInput, Conflict, FieldError
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.queries import in_chunks

#: Fields that are unique among live nodes, beside the name.
UNIQUE = ("internal_ip", "external_ip", "wireguard_public_key")
#: What a node or a service refers to by its name.
REFERENCES: tuple[type[CatalogEntry], ...] = (Cluster, Project, Environment)

Fields = Mapping[str, Any]
_LIVE = Node.state != NodeState.RETIRED.value


class UniqueFieldCheck:
    """Checks addresses and keys of nodes against those of others, with one read for all of them."""

    def __init__(self, session: Session, wanted: Sequence[Fields]) -> None:
        self._owners: dict[tuple[str, ...], str] = {}
        for name in UNIQUE:
            values = {fields[name] for fields in wanted if fields.get(name) is not None}
            column = getattr(Node, name)
            for chunk in in_chunks(values):
                query = select(Node.node_id, Node.cluster_id, column).where(
                    column.in_(chunk), _LIVE
                )
                for node_id, cluster_id, value in session.execute(query):
                    self._owners[_make_key(name, value, cluster_id)] = node_id

    def check(self, fields: Fields) -> None:
        """Raise Conflict if an address or the key belongs to another node."""
        for name in UNIQUE:
            value = fields.get(name)
            owner = self._owners.get(_make_key(name, value, fields["cluster_id"]))
            if value is not None and owner not in {None, fields["node_id"]}:
                raise Conflict(
                    f"The {name} {value} belongs to node '{owner}' already. Retire or change that "
                    "node first.",
                    field_errors=[FieldError(name, f"belongs to node '{owner}'")],
                )

    def remove(self, fields: Fields) -> None:
        """Remove the addresses and the key that a node had, so that a later one can get them."""
        for name in UNIQUE:
            key = _make_key(name, fields[name], fields["cluster_id"])
            if self._owners.get(key) == fields["node_id"]:
                del self._owners[key]

    def add(self, fields: Fields) -> None:
        """Add the addresses and the key of a node that passed, so that no later one gets them."""
        for name in UNIQUE:
            if fields.get(name) is not None:
                key = _make_key(name, fields[name], fields["cluster_id"])
                self._owners[key] = fields["node_id"]


class NodeIdCheck:
    """Checks the names of new nodes against those taken, with one read for all of them."""

    def __init__(self, session: Session, names: Iterable[str]) -> None:
        self._known: dict[str, tuple[str, str | None]] = {}
        for chunk in in_chunks(names):
            query = (
                select(Node.node_id, Node.state, Node.provider_id)
                .where(Node.node_id.in_(chunk))
                .where(_LIVE | Node.provider_id.is_not(None))
            )
            for node_id, state, provider_id in session.execute(query):
                self._known[node_id] = (state, provider_id)

    def take(self, node_id: str) -> None:
        """Give a name to a new node.

        :raises Conflict: another node has it, or a retired one whose server still exists.
        """
        known = self._known.get(node_id)
        if known is None:
            self._known[node_id] = (NodeState.PLANNED.value, None)
            return
        state, provider_id = known
        if state != NodeState.RETIRED.value:
            raise Conflict(
                f"There is a node '{node_id}' already; it is {state}. Change it, or choose another "
                "name.",
                field_errors=[FieldError("node_id", "is taken")],
            )
        raise Conflict(
            f"Node '{node_id}' is retired, but its server {provider_id} still exists. Run the "
            "playbook retire.yml first, or choose another name.",
            field_errors=[
                FieldError("node_id", "belongs to a retired node that still has its server")
            ],
        )


class GroupNameCheck:
    """Checks that no node gives a host and an Ansible group the same name.

    Ansible's own inventory script plugin then gives the host's variables to the group.
    """

    def __init__(self, session: Session, wanted: Sequence[Fields]) -> None:
        self._types = {fields["node_type"] for fields in wanted}
        self._names = {fields["node_id"] for fields in wanted}
        for chunk in in_chunks(set(self._names)):
            query = select(Node.node_type).where(Node.node_type.in_(chunk), _LIVE).distinct()
            self._types.update(session.scalars(query))
        for chunk in in_chunks(set(self._types)):
            query = select(Node.node_id).where(Node.node_id.in_(chunk), _LIVE)
            self._names.update(session.scalars(query))

    def check(self, fields: Fields) -> None:
        """Raise Conflict if the name of a node is a type, or its type the name of a node.

        A name with a dash is no danger: the group of such a type has an underscore.
        """
        for field, others, kind in (
            ("node_id", self._types, "a node_type in use"),
            ("node_type", self._names, "the name of a node"),
        ):
            if fields[field] in others and "-" not in fields[field]:
                raise Conflict(
                    f"The {field} '{fields[field]}' is {kind}, and Ansible can't distinguish a "
                    "host from a group of the same name. Choose another one.",
                    field_errors=[FieldError(field, f"is {kind}")],
                )


class ReferenceCheck:
    """Checks that what rows refer to is known and live, with one read a kind for all of them."""

    def __init__(self, session: Session, wanted: Sequence[Fields]) -> None:
        #: By the field that refers to it, and its name: whether it is live.
        self._known: dict[tuple[str, str], bool] = {}
        for kind in REFERENCES:
            field = kind.FIELDS[0]
            names = {fields[field] for fields in wanted if fields.get(field) is not None}
            column = getattr(kind, field)
            for chunk in in_chunks(names):
                query = select(column, kind.retired_at.is_(None)).where(column.in_(chunk))
                self._known |= {(field, name): is_live for name, is_live in session.execute(query)}

    def check(self, fields: Fields) -> None:
        """Raise BadInput if the cluster, project or environment is not known, or retired."""
        for kind in REFERENCES:
            field, noun = kind.FIELDS[0], kind.NOUN
            name = fields.get(field)
            is_live = self._known.get((field, name)) if name is not None else True
            if not is_live:
                reason = f"{noun} '{name}' is {'not known' if is_live is None else 'retired'}"
                raise BadInput(
                    f"The {reason}. `qm {noun} add` makes one; `qm {noun} list` shows those that "
                    "there are.",
                    field_errors=[FieldError(field, reason)],
                )


def _make_key(name: str, value: str | None, cluster_id: str) -> tuple[str, ...]:
    # Private networks may repeat from one cluster to the next.
    return (name, value or "", cluster_id) if name == "internal_ip" else (name, value or "")

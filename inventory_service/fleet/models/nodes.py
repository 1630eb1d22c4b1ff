# SPDX-License-Identifier: Apache-2.0
"""Nodes, and the record of their transitions."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import AuditRecord, record
from inventory_service.core.database.base import IS_HISTORY, Base, UTCDateTime
from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.nodes import (
    NodeState,
    Verb,
    check_transition,
    get_restored_state,
)
from inventory_service.fleet.models.address_leases import AddressLease

_LIVE = text("state <> 'retired'")

#: The columns that ``as_dict`` gives, in the order in which people read them.
FIELDS = (
    "node_id",
    "node_type",
    "cluster_id",
    "region",
    "environment",
    "project",
    "state",
    "internal_ip",
    "external_ip",
    "wireguard_ip",
    "wireguard_public_key",
    "wireguard_next_public_key",
    "provider",
    "provider_id",
    "spec",
    "provisioned_spec",
    "image",
    "ssh_host_keys",
    "labels",
    "vars",
    "source",
    "last_seen",
    "created_at",
    "updated_at",
    "revision",
)


class Node(Base):
    """A machine of the fleet; among those that are not retired, ``node_id`` is unique."""

    __tablename__ = "nodes"
    __table_args__ = (
        Index(
            "uq_nodes_live_node_id",
            "node_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        Index(
            "uq_nodes_live_wireguard_public_key",
            "wireguard_public_key",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    node_id: Mapped[str] = mapped_column(String(63), index=True)
    node_type: Mapped[str] = mapped_column(String(63))
    cluster_id: Mapped[str] = mapped_column(ForeignKey("clusters.cluster_id"), index=True)
    region: Mapped[str | None] = mapped_column(String(63))
    #: On record, but without a foreign key: SQLite could add one only by copying the nodes.
    environment: Mapped[str | None] = mapped_column(String(63), index=True)
    project: Mapped[str | None] = mapped_column(ForeignKey("projects.project"), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    internal_ip: Mapped[str | None] = mapped_column(String(45), index=True)
    external_ip: Mapped[str | None] = mapped_column(String(45), index=True)
    wireguard_ip: Mapped[str | None] = mapped_column(String(45))
    wireguard_public_key: Mapped[str | None] = mapped_column(String(44))
    wireguard_next_public_key: Mapped[str | None] = mapped_column(String(44))
    provider: Mapped[str | None] = mapped_column(String(63))
    provider_id: Mapped[str | None] = mapped_column(String(255))
    spec: Mapped[str | None] = mapped_column(String(63))
    provisioned_spec: Mapped[str | None] = mapped_column(String(63))
    image: Mapped[str | None] = mapped_column(String(255))
    ssh_host_keys: Mapped[list[str]] = mapped_column(JSON, default=list)
    labels: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    vars: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: What registered it: 'api'; 'csv' for nodes that follow projects.csv; 'terraform'.
    source: Mapped[str] = mapped_column(String(16), default="api")
    last_seen: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revision: Mapped[int] = mapped_column(index=True)

    def change_state(self, wanted: NodeState, actor: Actor, reason: str | None) -> "Transition":
        """Change the state and return the record of it; retirement releases the mesh address.

        :raises Conflict: the table of transitions has no such one, or the node would be active
            without an address.
        """
        check_transition(self.node_id, Verb.TRANSITION, NodeState(self.state), wanted)
        if wanted is NodeState.ACTIVE and not (self.internal_ip or self.external_ip):
            raise Conflict(
                f"Node '{self.node_id}' has no address and can't become active. Set internal_ip or "
                "external_ip first."
            )
        transition = self._go(wanted, actor, Verb.TRANSITION, reason)
        if wanted is NodeState.RETIRED:
            self.release_address(transition.at)
        return transition

    def restore(self, actor: Actor, reason: str | None, *, wireguard_ip: str) -> "Transition":
        """Bring the node back from retirement, without the fields of a server that is gone.

        :raises Conflict: the node is not retired.
        """
        wanted = get_restored_state(has_server=self.provider_id is not None)
        check_transition(self.node_id, Verb.RESTORATION, NodeState(self.state), wanted)
        fields = self.find_lost() | {"wireguard_ip": wireguard_ip}
        return self._go(wanted, actor, Verb.RESTORATION, reason, **fields)

    def change(self, fields: dict[str, Any], actor: Actor, reason: str | None) -> None:
        """Set fields, and record their old and new values in the audit log."""
        self._set(fields, actor, "change", reason)

    def release_address(self, at: datetime) -> None:
        """Start the quarantine of the mesh address, unless another node has its lease by now."""
        if self.wireguard_ip is None:
            return
        lease = self._session.get(AddressLease, (self.cluster_id, self.wireguard_ip))
        if lease is not None and lease.node_pk == self.id:
            lease.release(at)

    def find_lost(self) -> dict[str, Any]:
        """Return the fields that a restoration clears: those of a server that is gone."""
        if self.provider_id is not None:
            return {}
        emptied = dict.fromkeys(("provisioned_spec", "internal_ip", "external_ip"))
        return {**emptied, "ssh_host_keys": []}

    def _go(
        self, wanted: NodeState, actor: Actor, verb: Verb, reason: str | None, **fields: object
    ) -> "Transition":
        after = {
            name: value
            for name, value in {"state": wanted.value, **fields}.items()
            if value != getattr(self, name)
        }
        from_state = self.state
        entry = self._set(after, actor, verb.value, reason)
        transition = Transition(
            node_pk=self.id,
            node_id=self.node_id,
            from_state=from_state,
            to_state=wanted.value,
            actor=actor.account,
            door=actor.channel.value,
            reason=reason,
            at=entry.at,
        )
        self._session.add(transition)
        return transition

    def _set(
        self, fields: dict[str, Any], actor: Actor, action: str, reason: str | None
    ) -> AuditRecord:
        before = {name: getattr(self, name) for name in fields}
        entry = record(
            self._session,
            actor,
            action,
            "node",
            self.node_id,
            before=before,
            after=fields,
            reason=reason,
        )
        for name, value in fields.items():
            setattr(self, name, value)
        self.updated_at, self.revision = datetime.now(UTC), entry.revision
        return entry

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the node."""
        return {name: getattr(self, name) for name in FIELDS}

    @property
    def _session(self) -> Session:
        session = object_session(self)
        assert session is not None  # noqa: S101 - a node changes only inside a transaction
        return session


class Transition(Base):
    """One change of a node's state: who, when, through which channel, why."""

    __tablename__ = "transitions"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    id: Mapped[int] = mapped_column(primary_key=True)
    node_pk: Mapped[int] = mapped_column(ForeignKey("nodes.id"), index=True)
    node_id: Mapped[str] = mapped_column(String(63))
    from_state: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(63))
    door: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the transition."""
        names = ("id", "node_id", "from_state", "to_state", "actor", "door", "reason", "at")
        return {name: getattr(self, name) for name in names}

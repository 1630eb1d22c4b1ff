# SPDX-License-Identifier: Apache-2.0
"""Clusters, and the leases of their mesh addresses."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from inventory_service.domain import clusters as rules
from inventory_service.domain.errors import Conflict
from inventory_service.storage.models.base import Base, UTCDateTime


class Cluster(Base):
    """Nodes that share a network and a purpose."""

    __tablename__ = "clusters"

    cluster_id: Mapped[str] = mapped_column(String(63), primary_key=True)
    cluster_type: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None] = mapped_column(String(63))
    mesh_prefix: Mapped[str] = mapped_column(String(49))
    mesh_port: Mapped[int]
    #: The offset that is tried next; all below it were given out at least once.
    next_offset: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revision: Mapped[int]

    def lease_address(self, node_pk: int, wanted: str | None, *, quarantine: timedelta) -> str:
        """Give the node an address of the mesh: the wanted one, or the next that is free.

        :raises Conflict: the wanted one belongs to another node, or rests in quarantine.
        :raises Exhausted: none is left.
        :raises BadInput: the wanted one lies outside the prefix.
        """
        session = object_session(self)
        assert session is not None  # noqa: S101 - a cluster is always read from a session
        now = datetime.now(UTC)
        if wanted is not None:
            rules.get_offset(self.mesh_prefix, wanted)
            lease = session.get(AddressLease, (self.cluster_id, wanted))
            self._check_free(lease, wanted, now - quarantine)
            address = wanted
        else:
            address = self._find_released(session, now - quarantine) or self._next_unused(session)
            lease = session.get(AddressLease, (self.cluster_id, address))
        if lease is None:
            lease = AddressLease(cluster_id=self.cluster_id, address=address)
            session.add(lease)
        lease.node_pk, lease.leased_at, lease.released_at = node_pk, now, None
        session.flush()
        return address

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the cluster."""
        return {
            "cluster_id": self.cluster_id,
            "cluster_type": self.cluster_type,
            "region": self.region,
            "mesh_prefix": self.mesh_prefix,
            "mesh_port": self.mesh_port,
            "created_at": self.created_at,
            "retired_at": self.retired_at,
            "revision": self.revision,
        }

    def _check_free(self, lease: "AddressLease | None", wanted: str, free_since: datetime) -> None:
        if lease is None or (lease.released_at is not None and lease.released_at <= free_since):
            return
        why = "belongs to another node" if lease.released_at is None else "rests in quarantine"
        raise Conflict(
            f"The mesh address {wanted} of cluster '{self.cluster_id}' {why}. Leave wireguard_ip "
            "out to be given a free one."
        )

    def _next_unused(self, session: Session) -> str:
        while True:
            address = rules.get_address(self.mesh_prefix, self.next_offset)
            self.next_offset += 1
            # Somebody may have asked for this very address before its turn came.
            if session.get(AddressLease, (self.cluster_id, address)) is None:
                return address

    def _find_released(self, session: Session, free_since: datetime) -> str | None:
        """Return an address to be used again, only when the unused ones have come to their end."""
        if self.next_offset <= rules.get_capacity(self.mesh_prefix):
            return None
        return session.execute(
            select(AddressLease.address)
            .where(
                AddressLease.cluster_id == self.cluster_id,
                AddressLease.released_at <= free_since,
            )
            .order_by(AddressLease.released_at, AddressLease.address)
            .limit(1)
        ).scalar_one_or_none()


class AddressLease(Base):
    """A mesh address that was given out; ``released_at`` starts its quarantine."""

    __tablename__ = "address_leases"
    __table_args__ = (Index("ix_address_leases_released", "cluster_id", "released_at"),)

    cluster_id: Mapped[str] = mapped_column(ForeignKey("clusters.cluster_id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(45), primary_key=True)
    node_pk: Mapped[int] = mapped_column(ForeignKey("nodes.id"), index=True)
    leased_at: Mapped[datetime] = mapped_column(UTCDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

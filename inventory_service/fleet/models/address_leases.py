# SPDX-License-Identifier: Apache-2.0
"""The leases of mesh addresses; ``domain/`` decides which one a node gets."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from inventory_service.core.database.base import Base, UTCDateTime


class AddressLease(Base):
    """A mesh address that was given out; ``released_at`` starts its quarantine."""

    __tablename__ = "address_leases"
    __table_args__ = (Index("ix_address_leases_released", "cluster_id", "released_at"),)

    cluster_id: Mapped[str] = mapped_column(ForeignKey("clusters.cluster_id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(45), primary_key=True)
    node_pk: Mapped[int] = mapped_column(ForeignKey("nodes.id"), index=True)
    leased_at: Mapped[datetime] = mapped_column(UTCDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def renew(self, node_pk: int, at: datetime) -> None:
        """Give the address to a node, after its former one has released it."""
        self.node_pk, self.leased_at, self.released_at = node_pk, at, None

    def release(self, at: datetime) -> None:
        """Start the quarantine of the address."""
        self.released_at = at


class ClusterLeases:
    """The leases of one cluster's mesh.

    ``for_many`` reads all addresses at once, which for many nodes is cheaper than one read a node.
    """

    def __init__(self, session: Session, cluster_id: str, *, for_many: bool = False) -> None:
        self._session = session
        self.cluster_id = cluster_id
        self._addresses = self._read_addresses() if for_many else None

    def has(self, address: str) -> bool:
        """Return whether the address was ever given out."""
        if self._addresses is not None:
            return address in self._addresses
        return self.find(address) is not None

    def find(self, address: str) -> AddressLease | None:
        """Return the lease of an address."""
        return self._session.get(AddressLease, (self.cluster_id, address))

    def iterate_released(self, until: datetime) -> Iterator[str]:
        """Yield the addresses released until then, longest rest first; read when one is needed."""
        yield from self._session.scalars(
            select(AddressLease.address)
            .where(
                AddressLease.cluster_id == self.cluster_id,
                AddressLease.released_at <= until,
            )
            .order_by(AddressLease.released_at, AddressLease.address)
        )

    def give(self, address: str, node_pk: int) -> None:
        """Give an address that was chosen before to a node."""
        now = datetime.now(UTC)
        lease = self.find(address) if self.has(address) else None
        if lease is not None:
            lease.renew(node_pk, now)
            return
        self._session.add(
            AddressLease(
                cluster_id=self.cluster_id, address=address, node_pk=node_pk, leased_at=now
            )
        )

    def _read_addresses(self) -> set[str]:
        query = select(AddressLease.address).where(AddressLease.cluster_id == self.cluster_id)
        return set(self._session.scalars(query))

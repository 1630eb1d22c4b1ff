# SPDX-License-Identifier: Apache-2.0
"""The leases of a cluster's mesh addresses, and how free ones are found."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from inventory_service.core.database.base import Base, UTCDateTime
from inventory_service.core.errors import Conflict, Exhausted, FieldError
from inventory_service.fleet.domain import clusters as rules
from inventory_service.fleet.models.clusters import Cluster


class AddressLease(Base):
    """A mesh address that was given out; ``released_at`` starts its quarantine."""

    __tablename__ = "address_leases"
    __table_args__ = (Index("ix_address_leases_released", "cluster_id", "released_at"),)

    cluster_id: Mapped[str] = mapped_column(ForeignKey("clusters.cluster_id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(45), primary_key=True)
    node_pk: Mapped[int] = mapped_column(ForeignKey("nodes.id"), index=True)
    leased_at: Mapped[datetime] = mapped_column(UTCDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @classmethod
    def give(cls, session: Session, cluster_id: str, address: str, node_pk: int) -> None:
        """Give an address that was chosen before to a node."""
        lease = session.get(cls, (cluster_id, address))
        if lease is None:
            cls.begin(session, cluster_id, address, node_pk)
        else:
            lease.node_pk, lease.leased_at, lease.released_at = node_pk, datetime.now(UTC), None

    @classmethod
    def begin(cls, session: Session, cluster_id: str, address: str, node_pk: int) -> None:
        """Give an address that nobody ever had."""
        now = datetime.now(UTC)
        session.add(cls(cluster_id=cluster_id, address=address, node_pk=node_pk, leased_at=now))


class AddressAllocator:
    """The addresses of one cluster's mesh that can be given to the nodes of one act."""

    def __init__(
        self, session: Session, cluster: Cluster, *, quarantine: timedelta, for_many: bool = False
    ) -> None:
        self._session = session
        self._cluster = cluster
        self._free_since = datetime.now(UTC) - quarantine
        self._chosen: set[str] = set()
        self._released = self._iterate_released()
        # For many nodes one read of all leases is cheaper than one read a node.
        self._leased = self._read_leased() if for_many else None

    def choose(self, wanted: str | None) -> str:
        """Return an address for a node: the wanted one, or the next that is free.

        :raises Conflict: the wanted one belongs to another node, or rests in quarantine.
        :raises Exhausted: none is left.
        :raises BadInput: the wanted one lies outside the prefix.
        """
        if wanted is None:
            address = self._choose_any()
        else:
            rules.get_offset(self._cluster.mesh_prefix, wanted)
            self._check_free(wanted)
            address = wanted
        self._chosen.add(address)
        return address

    def lease(self, address: str, node_pk: int) -> None:
        """Give an address that was chosen here to a node."""
        if self._leased is not None and address not in self._leased:
            AddressLease.begin(self._session, self._cluster.cluster_id, address, node_pk)
        else:
            AddressLease.give(self._session, self._cluster.cluster_id, address, node_pk)

    def _check_free(self, wanted: str) -> None:
        lease = self._find_lease(wanted) if self._is_leased(wanted) else None
        if wanted in self._chosen or (lease is not None and lease.released_at is None):
            why = "belongs to another node"
        elif lease is not None and lease.released_at and lease.released_at > self._free_since:
            why = "rests in quarantine"
        else:
            return
        raise Conflict(
            f"The mesh address {wanted} of cluster '{self._cluster.cluster_id}' {why}. Leave "
            "wireguard_ip out to be given a free one.",
            field_errors=[FieldError("wireguard_ip", why)],
        )

    def _choose_any(self) -> str:
        """Return an address that nobody ever had, and only after the last of them a rested one."""
        try:
            return self._take_unused()
        except Exhausted:
            address = next((one for one in self._released if one not in self._chosen), None)
            if address is None:
                raise
            return address

    def _iterate_released(self) -> Iterator[str]:
        """Yield the rested addresses, longest rest first; they are read when one is needed."""
        yield from self._session.scalars(
            select(AddressLease.address)
            .where(
                AddressLease.cluster_id == self._cluster.cluster_id,
                AddressLease.released_at <= self._free_since,
            )
            .order_by(AddressLease.released_at, AddressLease.address)
        )

    def _take_unused(self) -> str:
        while True:
            address = rules.get_address(self._cluster.mesh_prefix, self._cluster.next_offset)
            self._cluster.next_offset += 1
            # Somebody may have asked for this very address before its turn came.
            if address not in self._chosen and not self._is_leased(address):
                return address

    def _is_leased(self, address: str) -> bool:
        if self._leased is not None:
            return address in self._leased
        return self._find_lease(address) is not None

    def _find_lease(self, address: str) -> AddressLease | None:
        return self._session.get(AddressLease, (self._cluster.cluster_id, address))

    def _read_leased(self) -> set[str]:
        query = select(AddressLease.address).where(
            AddressLease.cluster_id == self._cluster.cluster_id
        )
        return set(self._session.scalars(query))

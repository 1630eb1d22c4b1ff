# SPDX-License-Identifier: Apache-2.0
"""The meshes from which the nodes of one request take their addresses."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from inventory_service.fleet import queries
from inventory_service.fleet.domain.address_leases import AddressAllocator, Allocation
from inventory_service.fleet.models.address_leases import AddressLease, ClusterLeases
from inventory_service.fleet.models.clusters import Cluster


@dataclass(frozen=True)
class Mesh:
    """The mesh of one cluster: its leases, and the addresses that can be given."""

    session: Session
    leases: ClusterLeases
    allocation: Allocation
    #: While they are kept, the session finds each without a query.
    _kept: list[AddressLease] = field(default_factory=list)

    def give(self, owners: Mapping[str, int]) -> None:
        """Give addresses that were chosen before, each to the node with this key."""
        if len(owners) > 1:
            self.read(owners)
        for address, node_pk in owners.items():
            self.leases.give(address, node_pk)

    def read(self, addresses: Iterable[str]) -> None:
        """Read what is known of addresses together, so that each needs no query of its own."""
        known = [address for address in addresses if self.leases.has(address)]
        self._kept.extend(queries.list_leases_at(self.session, self.leases.cluster_id, known))


def open_meshes(
    session: Session,
    wanted: Sequence[tuple[str, str | None]],
    allocator: AddressAllocator,
    *,
    now: datetime,
) -> dict[str, Mesh]:
    """Return the meshes of those clusters that exist.

    ``wanted`` has for each node its cluster, and the address that it asks for if it does.
    """
    asked: dict[str, list[str]] = defaultdict(list)
    for cluster_id, address in wanted:
        asked[cluster_id] += [] if address is None else [address]
    is_many = len(wanted) > 1
    meshes = {}
    for cluster_id, addresses in asked.items():
        cluster = session.get(Cluster, cluster_id)
        if cluster is not None:
            leases = ClusterLeases(session, cluster_id, for_many=is_many)
            mesh = Mesh(session, leases, allocator.start(cluster, leases, now=now))
            meshes[cluster_id] = mesh
            if is_many:
                mesh.read(addresses)
    return meshes

# SPDX-License-Identifier: Apache-2.0
"""Which mesh address a node gets: the one it asks for, a new one, or one that has rested."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from inventory_service.core.errors import Conflict, Exhausted, FieldError
from inventory_service.fleet.domain.clusters import get_address, get_offset


class Mesh(Protocol):
    """What the rules need to know of a cluster on record."""

    cluster_id: str
    mesh_prefix: str
    #: The offset that is tried next; each one below it was given out, or asked for by name.
    next_offset: int


class Lease(Protocol):
    """What the rules need to know of an address that was given out before."""

    released_at: datetime | None


class Leases(Protocol):
    """The leases of one mesh, current and released."""

    def has(self, address: str) -> bool:
        """Return whether the address was ever given out."""

    def find(self, address: str) -> Lease | None:
        """Return the lease of an address."""

    def iterate_released(self, until: datetime) -> Iterator[str]:
        """Yield the addresses released until then, longest rest first."""


class Allocation:
    """The addresses of one mesh that the nodes of one request can get, each of them once."""

    def __init__(self, mesh: Mesh, leases: Leases, *, rested_since: datetime) -> None:
        self._mesh = mesh
        self._leases = leases
        self._rested_since = rested_since
        self._rested = leases.iterate_released(rested_since)
        self._chosen: set[str] = set()

    def choose(self, wanted: str | None) -> str:
        """Return an address for a node: the wanted one, or the next that is free.

        :raises Conflict: the wanted one belongs to another node, or rests in quarantine.
        :raises Exhausted: none is left.
        :raises BadInput: the wanted one lies outside the prefix.
        """
        if wanted is None:
            address = self._choose_any()
        else:
            get_offset(self._mesh.mesh_prefix, wanted)
            self._check_free(wanted)
            address = wanted
        self._chosen.add(address)
        return address

    def _check_free(self, wanted: str) -> None:
        lease = self._leases.find(wanted) if self._leases.has(wanted) else None
        if wanted in self._chosen or (lease is not None and lease.released_at is None):
            why = "belongs to another node"
        elif lease is not None and lease.released_at and lease.released_at > self._rested_since:
            why = "rests in quarantine"
        else:
            return
        raise Conflict(
            f"The mesh address {wanted} of cluster '{self._mesh.cluster_id}' {why}. Leave "
            "wireguard_ip out to be given a free one.",
            field_errors=[FieldError("wireguard_ip", why)],
        )

    def _choose_any(self) -> str:
        """Return an address that nobody ever had, and only after the last of them a rested one."""
        try:
            return self._take_unused()
        except Exhausted:
            address = next((one for one in self._rested if one not in self._chosen), None)
            if address is None:
                raise
            return address

    def _take_unused(self) -> str:
        while True:
            address = get_address(self._mesh.mesh_prefix, self._mesh.next_offset)
            self._mesh.next_offset += 1
            # Somebody may have asked for this very address before its turn came.
            if address not in self._chosen and not self._leases.has(address):
                return address


@dataclass(frozen=True)
class AddressAllocator:
    """Starts allocations, and holds the quarantine: how long a released address rests.

    ``app.py`` makes one from the settings, and routes hand it to the use cases that allocate: the
    quarantine is a value of this object, and nobody on the way knows it or the settings.
    """

    quarantine: timedelta

    def start(self, mesh: Mesh, leases: Leases, *, now: datetime) -> Allocation:
        """Return the addresses that the nodes of one request can get in a mesh."""
        return Allocation(mesh, leases, rested_since=now - self.quarantine)

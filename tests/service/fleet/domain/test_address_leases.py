# SPDX-License-Identifier: Apache-2.0
"""Allocation of mesh addresses, as rules: what is given, in which order, and what must rest."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.core.errors import BadInput, Conflict, Exhausted
from inventory_service.fleet.domain.address_leases import AddressAllocator, Allocation
from inventory_service.fleet.domain.clusters import get_address, get_capacity

PREFIX = "10.90.0.0/29"
ADDRESSES = [get_address(PREFIX, offset) for offset in range(1, get_capacity(PREFIX) + 1)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUARANTINE = timedelta(days=1)
#: For each address: None for a current lease, else for how many hours it has rested.
RECORDS = st.dictionaries(st.sampled_from(ADDRESSES), st.none() | st.integers(0, 72))
WANTED = st.lists(st.none() | st.sampled_from(ADDRESSES), min_size=1, max_size=8)


@dataclass
class Mesh:
    """A cluster, as far as the rules know it."""

    cluster_id: str = "main"
    mesh_prefix: str = PREFIX
    next_offset: int = 1


@dataclass
class Lease:
    """An address that was given out, and when it was released."""

    released_at: datetime | None


@dataclass
class Leases:
    """The leases of a mesh, in a dictionary."""

    by_address: dict[str, Lease] = field(default_factory=dict)

    def has(self, address: str) -> bool:
        return address in self.by_address

    def find(self, address: str) -> Lease | None:
        return self.by_address.get(address)

    def iterate_released(self, until: datetime) -> Iterator[str]:
        rested = [
            (lease.released_at, address)
            for address, lease in self.by_address.items()
            if lease.released_at is not None and lease.released_at <= until
        ]
        yield from (address for _at, address in sorted(rested))


def start(records: dict[str, int | None], mesh: Mesh | None = None) -> Allocation:
    leases = {
        address: Lease(None if hours is None else NOW - timedelta(hours=hours))
        for address, hours in records.items()
    }
    return AddressAllocator(QUARANTINE).start(mesh or Mesh(), Leases(leases), now=NOW)


def find_free(records: dict[str, int | None]) -> set[str]:
    blocked = {address for address, hours in records.items() if hours is None or hours < 24}
    return set(ADDRESSES) - blocked


@given(RECORDS, WANTED)
def test_each_address_is_free_and_given_once(
    records: dict[str, int | None], wanted: list[str | None]
) -> None:
    allocation, free, chosen = start(records), find_free(records), set[str]()
    for address in wanted:
        try:
            got = allocation.choose(address)
        except Exhausted:
            assert address is None
            assert free == chosen
        except Conflict:
            assert address not in free - chosen
        else:
            assert got in free - chosen
            assert address in {None, got}
            chosen.add(got)


@given(RECORDS)
def test_new_addresses_go_before_rested_ones_and_the_longest_rest_goes_first(
    records: dict[str, int | None],
) -> None:
    allocation, free = start(records), find_free(records)
    given_out = [allocation.choose(None) for _ in free]
    new = [address for address in ADDRESSES if address not in records]
    rested = sorted(free - set(new), key=lambda address: (-(records[address] or 0), address))
    assert given_out == new + rested
    with pytest.raises(Exhausted, match="has no address left"):
        allocation.choose(None)


@pytest.mark.parametrize(
    ("hours", "reason"), [(None, "belongs to another node"), (23, "rests in quarantine")]
)
def test_a_refused_address_is_named_with_its_reason(hours: int | None, reason: str) -> None:
    with pytest.raises(Conflict, match=f"10.90.0.2 of cluster 'main' {reason}") as refused:
        start({"10.90.0.2": hours}).choose("10.90.0.2")
    assert [fault.field for fault in refused.value.field_errors] == ["wireguard_ip"]


def test_an_address_is_free_from_the_moment_its_quarantine_ends() -> None:
    assert start({"10.90.0.2": 24}).choose("10.90.0.2") == "10.90.0.2"


def test_an_address_outside_the_prefix_is_bad_input() -> None:
    with pytest.raises(BadInput, match="no host address"):
        start({}).choose("10.91.0.1")


def test_offsets_that_were_tried_are_not_tried_again() -> None:
    mesh = Mesh()
    start({"10.90.0.1": None}, mesh).choose(None)
    assert mesh.next_offset == 3

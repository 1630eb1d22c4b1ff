# SPDX-License-Identifier: Apache-2.0
"""Addresses of a mesh prefix, IPv4 and IPv6."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.core.errors import BadInput, Exhausted
from inventory_service.fleet.domain.clusters import (
    ClusterChange,
    get_address,
    get_capacity,
    get_offset,
)

PREFIXES = ["10.90.0.0/24", "10.0.0.0/30", "10.0.0.0/8", "fd00::/64", "fd00::/126"]


@pytest.mark.parametrize(
    ("prefix", "capacity"),
    [("10.90.0.0/24", 254), ("10.0.0.0/30", 2), ("fd00::/126", 3), ("fd00::/64", 2**64 - 1)],
)
def test_the_capacity_leaves_out_what_is_no_host(prefix: str, capacity: int) -> None:
    assert get_capacity(prefix) == capacity


def test_a_mesh_has_the_port_of_wireguard_unless_another_is_asked_for() -> None:
    assert ClusterChange().mesh_port == 51820


@given(st.sampled_from(PREFIXES), st.integers(1, 2**20))
def test_offsets_and_addresses_are_two_ways_of_saying_one_thing(prefix: str, offset: int) -> None:
    offset = (offset - 1) % get_capacity(prefix) + 1
    address = get_address(prefix, offset)
    assert ipaddress.ip_address(address) in ipaddress.ip_network(prefix)
    assert get_offset(prefix, address) == offset


def test_the_end_of_a_prefix_says_so() -> None:
    with pytest.raises(Exhausted, match=r"10\.0\.0\.0/30 has no address left"):
        get_address("10.0.0.0/30", 3)


@pytest.mark.parametrize("address", ["10.90.0.0", "10.90.0.255", "10.90.1.1", "fd00::1"])
def test_an_address_that_no_host_of_the_prefix_can_have_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="no host address"):
        get_offset("10.90.0.0/24", address)

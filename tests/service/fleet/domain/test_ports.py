# SPDX-License-Identifier: Apache-2.0
"""Ports are deterministic, stay in their range, and collide only once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.core.errors import Exhausted
from inventory_service.fleet.domain.ports import (
    PortRequest,
    check_range,
    choose_port,
    get_hash_based_port,
)

labels = st.from_regex(r"\A[a-z][a-z0-9]{0,20}\Z")


def test_the_port_never_changes_from_one_version_to_the_next() -> None:
    # Written down once: a change here would move the services of every user.
    assert get_hash_based_port("hostomatic", "prod", 8000, 1000) == 8422
    assert get_hash_based_port("hostomatic", "uat", 8000) == 8622
    assert get_hash_based_port("shop", "prod", 20000, 10000, service="api") == 22118


@given(labels, labels, st.integers(1, 60000), st.integers(1, 5000))
def test_the_port_lies_in_its_range(project: str, environment: str, base: int, width: int) -> None:
    port = get_hash_based_port(project, environment, base, width)
    assert base <= port < base + width
    assert port == get_hash_based_port(project, environment, base, width)


@given(labels, st.integers(1, 40), st.data())
def test_a_collision_finds_the_next_free_port_the_same_way_each_time(
    project: str, width: int, data: st.DataObject
) -> None:
    wish = PortRequest(project=project, environment="prod", base=8000, range=width)
    taken = data.draw(st.sets(st.integers(8000, 8000 + width - 1), max_size=width - 1))
    port = choose_port(wish, taken)
    assert port not in taken
    assert port == choose_port(wish, taken)
    assert 8000 <= port < 8000 + width


def test_a_full_range_says_so() -> None:
    wish = PortRequest(project="a", environment="prod", base=8000, range=3)
    with pytest.raises(Exhausted, match="8000 to 8002 is taken"):
        choose_port(wish, {8000, 8001, 8002})


def test_names_that_read_alike_when_joined_differ() -> None:
    first = get_hash_based_port("a-b", "c", 1, 60000)
    assert first != get_hash_based_port("a", "b-c", 1, 60000)


@pytest.mark.parametrize(("base", "size"), [(65535, 1), (65000, 536), (1, 65535)])
def test_a_range_may_end_at_the_highest_port(base: int, size: int) -> None:
    check_range(base, size)
    with pytest.raises(ValueError, match="must not exceed 65535"):
        check_range(base, size + 1)

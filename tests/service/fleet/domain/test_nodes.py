# SPDX-License-Identifier: Apache-2.0
"""The life of a node has one table of legal moves."""

import itertools

import pytest

from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.nodes import MOVES, NodeState, check_move

LEGAL = {(start, end) for start, ends in MOVES.items() for end in ends}


@pytest.mark.parametrize(("start", "end"), list(itertools.product(NodeState, NodeState)))
def test_a_move_is_refused_unless_the_table_has_it(start: NodeState, end: NodeState) -> None:
    if (start, end) in LEGAL:
        check_move("web-1", start, end)
    else:
        with pytest.raises(Conflict, match=f"'web-1' is {start} and can't become {end}"):
            check_move("web-1", start, end)


def test_every_node_can_be_retired_and_none_comes_back() -> None:
    assert all((state, NodeState.RETIRED) in LEGAL for state in NodeState if MOVES[state])
    assert not MOVES[NodeState.RETIRED]


def test_the_circle_of_service_is_open_both_ways() -> None:
    assert (NodeState.ACTIVE, NodeState.MAINTENANCE) in LEGAL
    assert (NodeState.MAINTENANCE, NodeState.ACTIVE) in LEGAL

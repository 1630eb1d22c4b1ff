# SPDX-License-Identifier: Apache-2.0
"""The state of a node has one table of legal transitions."""

import itertools

import pytest

from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.nodes import (
    TRANSITIONS,
    NodeState,
    Verb,
    check_transition,
    get_restored_state,
)

LEGAL = {
    (verb, start, end)
    for verb, starts in TRANSITIONS.items()
    for start, ends in starts.items()
    for end in ends
}
STATES = set(NodeState)


@pytest.mark.parametrize(("start", "end"), list(itertools.product(NodeState, NodeState)))
def test_a_transition_is_refused_unless_the_table_has_it(start: NodeState, end: NodeState) -> None:
    if (Verb.TRANSITION, start, end) in LEGAL:
        check_transition("web-1", Verb.TRANSITION, start, end)
    else:
        with pytest.raises(Conflict, match=f"'web-1' is {start} and can't become {end}"):
            check_transition("web-1", Verb.TRANSITION, start, end)


@pytest.mark.parametrize(("start", "end"), list(itertools.product(NodeState, NodeState)))
def test_a_restoration_is_refused_unless_the_table_has_it(start: NodeState, end: NodeState) -> None:
    if (Verb.RESTORATION, start, end) in LEGAL:
        check_transition("web-1", Verb.RESTORATION, start, end)
        return
    with pytest.raises(Conflict, match=f"'web-1' is {start}"):
        check_transition("web-1", Verb.RESTORATION, start, end)


def test_every_live_node_can_be_retired_and_only_a_restoration_brings_it_back() -> None:
    retired = {start for verb, start, end in LEGAL if end is NodeState.RETIRED}
    assert retired == STATES - {NodeState.RETIRED}
    assert {verb for verb, start, _end in LEGAL if start is NodeState.RETIRED} == {Verb.RESTORATION}
    with pytest.raises(Conflict, match="`qm node restore web-1` brings it back"):
        check_transition("web-1", Verb.TRANSITION, NodeState.RETIRED, NodeState.ACTIVE)


def test_a_restoration_gives_what_the_table_has() -> None:
    given = {get_restored_state(has_server=has_server) for has_server in (True, False)}
    assert given == TRANSITIONS[Verb.RESTORATION][NodeState.RETIRED]


def test_only_a_retired_node_can_be_restored() -> None:
    assert set(TRANSITIONS[Verb.RESTORATION]) == {NodeState.RETIRED}
    with pytest.raises(Conflict, match="only a retired node can be restored"):
        check_transition("web-1", Verb.RESTORATION, NodeState.ACTIVE, NodeState.MAINTENANCE)


def test_the_circle_of_service_is_open_both_ways() -> None:
    assert (Verb.TRANSITION, NodeState.ACTIVE, NodeState.MAINTENANCE) in LEGAL
    assert (Verb.TRANSITION, NodeState.MAINTENANCE, NodeState.ACTIVE) in LEGAL

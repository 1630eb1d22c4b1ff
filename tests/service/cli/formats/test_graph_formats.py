# SPDX-License-Identifier: Apache-2.0
"""Graphs for other programs: the names in them stay data."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.cli.formats.graph import Group, Member
from inventory_service.cli.formats.graph_formats import (
    COLOURS,
    LETTERS,
    label_of,
    name_of,
    to_dot,
    to_json,
)
from inventory_service.fleet.domain.nodes import NodeState

QUOTED = r'"(?:[^"\\]|\\["\\])*"'


def make_member(name: str, *, is_silent: bool = False) -> Member:
    return Member(name, NodeState.ACTIVE, is_silent=is_silent)


@given(st.text(), st.text())
def test_a_name_stays_within_its_quotes_in_dot(group: str, node: str) -> None:
    lines = list(to_dot([Group(group, [make_member(node)])], "cluster"))
    assert len(lines) == len(("graph", "rankdir", "node", "group", "member", "edge", "end"))
    assert re.fullmatch(rf"  g0 \[label={QUOTED}, style=bold\];", lines[3])
    assert re.fullmatch(rf"  g0n0 \[label={QUOTED}, color=green\];", lines[4])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ('"]; x', r'"A \"]; x"'),
        ("\\", r'"A \\"'),
        # An escape of DOT's own: \\N would be the name of the node.
        ("\\N", r'"A \\N"'),
        ("a\nb\x1b", r'"A a\\nb\\u001b"'),
    ],
    ids=["quote", "backslash", "escape of DOT", "controls"],
)
def test_what_means_something_to_dot_is_escaped(name: str, label: str) -> None:
    lines = list(to_dot([Group("main", [make_member(name)])], "cluster"))
    assert lines[4] == f"  g0n0 [label={label}, color=green];"


def test_each_node_is_joined_to_its_own_group() -> None:
    groups = [Group("a", [make_member("x")]), Group(None, [make_member("y"), make_member("z")])]
    lines = list(to_dot(groups, "cluster"))
    edges = [line.strip() for line in lines if "--" in line]
    assert edges == ["g0 -- g0n0;", "g1 -- g1n0;", "g1 -- g1n1;"]
    assert '  g1 [label="no cluster", style=bold];' in lines


def test_a_silent_node_has_its_mark_after_the_letter() -> None:
    assert label_of(make_member("a")) == "A a"
    assert label_of(make_member("a", is_silent=True)) == "A! a"


def test_nodes_without_a_group_are_named_by_what_they_lack() -> None:
    assert name_of(Group("main", []), "cluster") == "main"
    assert name_of(Group(None, []), "project") == "no project"


def test_each_state_has_a_letter_of_its_own_and_a_colour() -> None:
    assert LETTERS.keys() == COLOURS.keys() == set(NodeState)
    assert len(set(LETTERS.values())) == len(NodeState)


def test_programs_get_names_as_they_are_on_record() -> None:
    group = Group(None, [make_member("\x1b", is_silent=True)])
    assert json.loads(json.dumps(to_json([group], "service"))) == {
        "by": "service",
        "groups": [
            {
                "name": None,
                "nodes": [{"node_id": "\x1b", "state": "active", "is_silent": True}],
            }
        ],
    }

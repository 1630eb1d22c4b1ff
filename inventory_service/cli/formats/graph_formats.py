# SPDX-License-Identifier: Apache-2.0
"""The graph of the fleet for other programs: Graphviz' DOT, and JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inventory_service.cli.formats.graph import Group, Member
from inventory_service.cli.terminal.text import format_value
from inventory_service.fleet.domain.nodes import NodeState

#: Each state by a letter as well: colours are not seen by everyone, nor on every paper.
LETTERS: Mapping[NodeState, str] = {
    NodeState.PLANNED: "P",
    NodeState.PROVISIONING: "V",
    NodeState.ACTIVE: "A",
    NodeState.MAINTENANCE: "M",
    NodeState.FAILED: "F",
    NodeState.RETIRED: "R",
}
COLOURS: Mapping[NodeState, str] = {
    NodeState.PLANNED: "blue",
    NodeState.PROVISIONING: "cyan",
    NodeState.ACTIVE: "green",
    NodeState.MAINTENANCE: "yellow",
    NodeState.FAILED: "red",
    NodeState.RETIRED: "gray",
}
SILENT = "!"


def label_of(member: Member) -> str:
    """Return a node's letter and its name; a `!` marks one whose heartbeats have ended."""
    silent = SILENT if member.is_silent else ""
    return f"{LETTERS[member.state]}{silent} {format_value(member.node_id)}"


def name_of(group: Group, by: str) -> str:
    """Return a group's name, or `no cluster` for the nodes that have none."""
    return f"no {by}" if group.name is None else format_value(group.name)


def to_dot(groups: Sequence[Group], by: str) -> Iterator[str]:
    """Yield the lines of a graph in the DOT language (https://graphviz.org/doc/info/lang.html)."""
    yield "graph fleet {"
    yield "  rankdir=LR;"
    yield "  node [shape=box];"
    for index, group in enumerate(groups):
        yield f"  g{index} [label={_quote(name_of(group, by))}, style=bold];"
        for number, member in enumerate(group.members):
            look = f"label={_quote(label_of(member))}, color={COLOURS[member.state]}"
            yield f"  g{index}n{number} [{look}];"
            yield f"  g{index} -- g{index}n{number};"
    yield "}"


def to_json(groups: Sequence[Group], by: str) -> dict[str, Any]:
    """Return the graph as a JSON object."""
    return {
        "by": by,
        "groups": [
            {
                "name": group.name,
                "nodes": [
                    {
                        "node_id": member.node_id,
                        "state": member.state.value,
                        "is_silent": member.is_silent,
                    }
                    for member in group.members
                ],
            }
            for group in groups
        ],
    }


def _quote(text: str) -> str:
    """Return the text as a quoted string in which no backslash begins an escape of DOT's own."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

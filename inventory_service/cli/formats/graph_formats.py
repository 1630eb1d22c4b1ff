# SPDX-License-Identifier: Apache-2.0
"""The graph of the fleet for other programs: Graphviz' DOT, Mermaid, and JSON."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
#: What Mermaid reads as nothing but itself, even within quotes.
_PLAIN = re.compile(r"[A-Za-z0-9 ._:/+-]")


def label_of(member: Member) -> str:
    """Return a node's letter and its name; a `!` tells that it is not heard of any more."""
    silent = SILENT if member.is_silent else ""
    return f"{LETTERS[member.state]}{silent} {format_value(member.node_id)}"


def name_of(group: Group, by: str) -> str:
    """Return what a group is called."""
    return f"no {by}" if group.name is None else format_value(group.name)


def to_dot(groups: Sequence[Group], by: str) -> Iterator[str]:
    """Yield the lines of a graph in the DOT language (https://graphviz.org/doc/info/lang.html)."""
    yield "graph fleet {"
    yield "  rankdir=LR;"
    yield "  node [shape=box];"
    for place, group in enumerate(groups):
        yield f"  g{place} [label={_quote(name_of(group, by))}, style=bold];"
        for number, member in enumerate(group.members):
            look = f"label={_quote(label_of(member))}, color={COLOURS[member.state]}"
            yield f"  g{place}n{number} [{look}];"
            yield f"  g{place} -- g{place}n{number};"
    yield "}"


def to_mermaid(groups: Sequence[Group], by: str) -> Iterator[str]:
    """Yield the lines of a flowchart in Mermaid (https://mermaid.js.org/syntax/flowchart.html)."""
    yield "flowchart LR"
    for place, group in enumerate(groups):
        yield f'  g{place}["{_escape(name_of(group, by))}"]'
        for number, member in enumerate(group.members):
            text = _escape(label_of(member))
            yield f'  g{place} --- g{place}n{number}["{text}"]:::{member.state}'
    for state, colour in COLOURS.items():
        yield f"  classDef {state} stroke:{colour},stroke-width:3px"


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


LINES: Mapping[str, Callable[[Sequence[Group], str], Iterator[str]]] = {
    "dot": to_dot,
    "mermaid": to_mermaid,
}


def _quote(text: str) -> str:
    """Return the text as a quoted string in which no backslash begins an escape of DOT's own."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _escape(text: str) -> str:
    """Return the text with all that could mean something to Mermaid as `#…;`, its own escapes."""
    return "".join(one if _PLAIN.match(one) else f"#{ord(one)};" for one in text)

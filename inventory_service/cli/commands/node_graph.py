# SPDX-License-Identifier: Apache-2.0
"""`qm node graph`: the fleet drawn in the terminal, or as a graph for another program."""

import sys
from collections import Counter
from collections.abc import Sequence

import click
from rich.columns import Columns
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.node_filters import filter_options, filters_of
from inventory_service.cli.formats.graph import FIELDS, SILENT_AFTER, Group, Member, group_nodes
from inventory_service.cli.formats.graph_formats import (
    COLOURS,
    LETTERS,
    SILENT,
    label_of,
    name_of,
    to_dot,
    to_json,
)
from inventory_service.cli.terminal.output import make_console, print_json
from inventory_service.fleet.domain.nodes import NodeState

#: What fits a screen or two; --most raises it.
MOST_SHOWN = 100
_MOST_GROUPS = 20
_GAP = 2
#: What needs attention is listed first, and is the last to be left out.
_URGENT = (NodeState.FAILED, NodeState.MAINTENANCE, NodeState.PROVISIONING, NodeState.PLANNED)


@click.command("graph")
@click.option(
    "--by",
    type=click.Choice(["cluster", "project", "service"]),
    default="cluster",
    show_default=True,
    help="Group the nodes by this.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["tree", "dot", "json"]),
    help="tree is the default; dot is for Graphviz.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    help=f"Draw at most this many nodes; {MOST_SHOWN} in a terminal, all of them in a pipe.",
)
@filter_options
@json_option
@connection_options
@pass_invocation
def graph(
    invocation: Invocation,
    /,
    by: str,
    form: str | None,
    most: int | None,
    **filters: tuple[str, ...],
) -> None:
    """Draw the fleet: nodes below their cluster, project or services, each with its state."""
    if invocation.as_json and form not in {None, "json"}:
        raise click.UsageError("--json is short for --format json: give one of them.")
    api = open_api(invocation)
    nodes = api.nodes.iterate(**filters_of(filters), fields=",".join(FIELDS))
    services = list(api.services.iterate()) if by == "service" else []
    groups = group_nodes(nodes, by, services)
    if form == "json" or invocation.as_json:
        print_json(to_json(groups, by))
    elif form == "dot":
        click.echo("\n".join(to_dot(groups, by)))
    else:
        most = most or (MOST_SHOWN if sys.stdout.isatty() else None)
        draw(make_console(piped_width=80), groups, by, most=most)


def draw(console: Console, groups: Sequence[Group], by: str, *, most: int | None) -> None:
    """Print the nodes of each group below it, and what the letters mean."""
    if not groups:
        console.print(Text("No nodes."))
        return
    drawn = groups if most is None else groups[:_MOST_GROUPS]
    share = None if most is None else max(1, most // len(drawn))
    tree = Tree("", hide_root=True)
    for group in drawn:
        heading = Text.assemble((name_of(group, by), "bold"), f": {_count(group.members)}")
        branch = tree.add(heading)
        members = sorted(group.members, key=_urgency)
        # Text, not str: in a str rich would read the name of a node as markup.
        labels = [Text(label_of(one), _style(one), overflow="fold") for one in members[:share]]
        branch.add(Columns(labels, padding=(0, _GAP), equal=True))
        if share is not None and len(members) > share:
            more = f"… and {len(members) - share} more: {_count(members[share:])}"
            branch.add(Text(more))
    if len(groups) > len(drawn):
        left = [member for group in groups[len(drawn) :] for member in group.members]
        tree.add(Text(f"… and {len(groups) - len(drawn)} more, by {by}: {_count(left)}"))
    console.print(tree)
    console.print(Columns(map(Text, _legend()), padding=(0, _GAP)))


def _urgency(member: Member) -> tuple[bool, int, str]:
    rank = _URGENT.index(member.state) if member.state in _URGENT else len(_URGENT)
    return (not member.is_silent, rank, member.node_id)


def _count(members: Sequence[Member]) -> str:
    """Return how many there are, in all and by state."""
    states = Counter(member.state for member in members)
    parts = [f"{states[state]} {LETTERS[state]}" for state in NodeState if states[state]]
    silent = sum(member.is_silent for member in members)
    parts += [f"{silent} {SILENT}"] if silent else []
    return f"{len(members)} node{'' if len(members) == 1 else 's'} ({', '.join(parts)})"


def _style(member: Member) -> str:
    colour = COLOURS[member.state]
    return "magenta" if member.is_silent else {"gray": "bright_black"}.get(colour, colour)


def _legend() -> list[str]:
    minutes = int(SILENT_AFTER.total_seconds() // 60)
    states = [f"{letter} {state}" for state, letter in LETTERS.items()]
    return [*states, f"{SILENT} no heartbeat for {minutes} min"]

# SPDX-License-Identifier: Apache-2.0
"""`qm node graph`: the fleet drawn in the terminal, or as a graph for another program."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import click

from inventory_service.cli.client.http import Target, open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.commands.node_filters import filter_options, filters_of
from inventory_service.cli.formats.graph import FIELDS, SILENT_AFTER, Group, Member, group_nodes
from inventory_service.cli.formats.graph_formats import (
    COLOURS,
    LETTERS,
    LINES,
    SILENT,
    label_of,
    name_of,
    to_json,
)
from inventory_service.cli.terminal.output import print_json
from inventory_service.cli.terminal.text import width_of
from inventory_service.fleet.domain.nodes import NodeState

#: What fits a screen or two; --most draws more.
MOST_SHOWN = 100
_MOST_GROUPS = 20
_GAP = 2
#: What needs somebody comes first, and is the last to be left out.
_URGENT = (NodeState.FAILED, NodeState.MAINTENANCE, NodeState.PROVISIONING, NodeState.PLANNED)


@click.command("graph")
@click.option(
    "--by",
    type=click.Choice(["cluster", "project", "service"]),
    default="cluster",
    show_default=True,
    help="What the nodes are grouped by.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["tree", *LINES, "json"]),
    help="Default: tree; dot is for Graphviz.",
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
    query = {**filters_of(filters), "fields": ",".join(FIELDS)}
    nodes = api.items("/api/v1/nodes", Target("node"), query)
    services = list(api.items("/api/v1/services", Target("service"))) if by == "service" else []
    groups = group_nodes(nodes, by, services)
    if form == "json" or invocation.as_json:
        print_json(to_json(groups, by))
    elif form is not None and form in LINES:
        click.echo("\n".join(LINES[form](groups, by)))
    else:
        is_terminal = sys.stdout.isatty()
        most = most or (MOST_SHOWN if is_terminal else None)
        width = shutil.get_terminal_size().columns if is_terminal else 80
        for line in draw(groups, by, width=width, most=most):
            click.echo(line)


def draw(groups: Sequence[Group], by: str, *, width: int, most: int | None) -> Iterator[str]:
    """Yield the lines of the drawing, none wider than the terminal unless a name alone is."""
    if not groups:
        yield "No nodes."
        return
    drawn = groups if most is None else groups[:_MOST_GROUPS]
    share = None if most is None else max(1, most // len(drawn))
    for group in drawn:
        yield click.style(name_of(group, by), bold=True) + f": {_count(group.members)}"
        members = sorted(group.members, key=_urgency)
        yield from _grid(members[:share], width)
        if share is not None and len(members) > share:
            yield f"  … and {len(members) - share} more: {_count(members[share:])}"
    if len(groups) > len(drawn):
        left = [member for group in groups[len(drawn) :] for member in group.members]
        yield f"… and {len(groups) - len(drawn)} more, by {by}: {_count(left)}"
    yield from _wrap(_legend(), width)


def _urgency(member: Member) -> tuple[bool, int, str]:
    rank = _URGENT.index(member.state) if member.state in _URGENT else len(_URGENT)
    return (not member.is_silent, rank, member.node_id)


def _count(members: Sequence[Member]) -> str:
    """Return how many there are, in all and by state."""
    states = Counter(member.state for member in members)
    counts = [f"{states[state]} {LETTERS[state]}" for state in NodeState if states[state]]
    silent = sum(member.is_silent for member in members)
    counts += [f"{silent} {SILENT}"] if silent else []
    return f"{len(members)} node{'' if len(members) == 1 else 's'} ({', '.join(counts)})"


def _grid(members: Sequence[Member], width: int) -> Iterator[str]:
    """Yield lines of nodes in columns, as many as the width has room for."""
    labels = [label_of(member) for member in members]
    widest = max(map(width_of, labels), default=0)
    columns = max(1, (width - _GAP) // (widest + _GAP))
    for start in range(0, len(members), columns):
        cells = []
        for member, label in list(zip(members, labels, strict=True))[start : start + columns]:
            space = " " * (widest - width_of(label))
            cells.append(click.style(label, fg=_colour(member)) + space)
        yield (" " * _GAP + (" " * _GAP).join(cells)).rstrip()


def _colour(member: Member) -> str:
    colour = COLOURS[member.state]
    return "magenta" if member.is_silent else {"gray": "bright_black"}.get(colour, colour)


def _legend() -> list[str]:
    minutes = int(SILENT_AFTER.total_seconds() // 60)
    states = [f"{letter} {state}" for state, letter in LETTERS.items()]
    return [*states, f"{SILENT} no heartbeat for {minutes} min"]


def _wrap(words: Iterable[str], width: int) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + _GAP + len(word) > width:
            yield line
            line = ""
        line = f"{line}{' ' * _GAP if line else ''}{word}"
    yield line

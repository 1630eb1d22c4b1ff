# SPDX-License-Identifier: Apache-2.0
"""`qm node graph`: a fleet that fits the terminal, and graphs that other programs read."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console

from inventory_service.cli.commands.node_graph import draw
from inventory_service.cli.formats.graph import Group, Member
from inventory_service.core.actors import Scope
from inventory_service.fleet.domain.nodes import NodeState
from tests.service.cli.conftest import Service
from tests.service.cli.terminals import columns_of, plain, run_in_terminal

Qm = Callable[..., Result]
Ask = Callable[..., Any]


def make_group(name: str, states: Mapping[NodeState, int]) -> Group:
    members = [
        Member(f"{name}-{state.value[:2]}-{number}", state, is_silent=False)
        for state, count in states.items()
        for number in range(count)
    ]
    return Group(name, members)


def draw_lines(
    groups: Sequence[Group], by: str, *, width: int = 80, most: int | None = None
) -> list[str]:
    """Return the lines of a drawing without their padding."""
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as capture:
        draw(console, groups, by, most=most)
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.fixture
def fleet(ask: Ask, mesh: str) -> None:
    """Two clusters, a project with a service, and nodes of several states."""
    ask("cluster", "add", "edge", "--mesh-prefix", "10.91.0.0/24")
    ask("project", "add", "shop")
    ask("service", "add", "api", "--project", "shop", "--environment", "prod", "--node-type", "web")
    own = ("--project", "shop", "--environment", "prod")
    for name, kind, cluster, more in (
        ("web-1", "web", mesh, own),
        ("web-2", "web", "edge", ()),
        ("data-1", "data", mesh, ()),
    ):
        ask("node", "add", name, "--type", kind, "--cluster", cluster, *more)
    ask("service", "add", "db", "--project", "shop", "--environment", "prod", "--node", "data-1")
    ask("node", "set", "web-1", "--internal-ip", "10.0.0.1")
    for state in ("provisioning", "active"):
        ask("node", "set", "web-1", "--state", state)


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("cluster", {"edge": ["web-2"], "main": ["data-1", "web-1"]}),
        ("project", {"shop": ["web-1"], None: ["data-1", "web-2"]}),
        ("service", {"api": ["web-1"], "db": ["data-1"], None: ["web-2"]}),
    ],
)
def test_nodes_are_gathered_by_what_is_asked_for(
    qm: Qm, by: str, expected: dict[str | None, list[str]]
) -> None:
    result = qm("node", "graph", "--by", by, "--json", scope=Scope.VIEWER)
    groups = json.loads(result.stdout)["groups"]
    assert {one["name"]: [node["node_id"] for node in one["nodes"]] for one in groups} == expected
    drawing = qm("node", "graph", "--by", by).stdout
    assert all(f"{name or f'no {by}'}: " in drawing for name in expected)


@pytest.mark.usefixtures("fleet")
def test_each_state_has_a_letter_and_the_filters_are_those_of_the_list(qm: Qm) -> None:
    lines = qm("node", "graph", "--cluster", "main").stdout.splitlines()
    assert lines[0] == "main: 2 nodes (1 P, 1 A)"
    assert lines[1].split() == ["└──", "P", "data-1", "A", "web-1"]
    assert "P planned" in lines[2]
    assert qm("node", "graph", "--region", "moon").stdout == "No nodes.\n"
    assert qm("node", "graph", "--json", "--format", "dot").exit_code == 2


@pytest.mark.usefixtures("fleet")
def test_a_drawing_fits_its_terminal_and_is_coloured(service: Service) -> None:
    environment = {"QM_URL": service.url, "QM_TOKEN": service.tokens[Scope.VIEWER]}
    orders = [(columns, ("node", "graph", "--by", "cluster")) for columns in (40, 80, 200)]
    for (columns, _), lines in zip(orders, run_in_terminal(orders, environment), strict=True):
        assert all(columns_of(line) <= columns for line in lines)
        assert "\x1b[32mA web-1" in "\n".join(lines)
        assert plain(lines[0]) == "edge: 1 node (1 P)"


@pytest.mark.usefixtures("fleet")
def test_a_drawing_has_no_colours_for_whoever_wants_none(service: Service) -> None:
    environment = {
        "QM_URL": service.url,
        "QM_TOKEN": service.tokens[Scope.VIEWER],
        "NO_COLOR": "1",
    }
    (lines,) = run_in_terminal([(80, ("node", "graph"))], environment)
    assert "A web-1" in plain("\n".join(lines))
    assert "\x1b[3" not in "\n".join(lines)


def test_a_large_fleet_is_summed_up_with_what_needs_somebody_first() -> None:
    main = make_group("main", {NodeState.ACTIVE: 9_990, NodeState.FAILED: 10})
    lines = draw_lines([main], "cluster", most=100)
    assert lines[0] == "main: 10000 nodes (9990 A, 10 F)"
    assert "".join(lines[1:4]).count("F main-fa-") == 10
    assert "└── … and 9900 more: 9900 nodes (9900 A)" in lines
    assert len(lines) < 50
    assert max(map(len, lines)) <= 80


def test_many_groups_are_summed_up_too() -> None:
    groups = [make_group(f"c{place:03}", {NodeState.ACTIVE: 50}) for place in range(200)]
    lines = draw_lines(groups, "cluster", most=100)
    assert "… and 180 more, by cluster: 9000 nodes (9000 A)" in lines
    assert len(lines) < 100
    everything = "\n".join(draw_lines(groups, "cluster"))
    assert everything.count("A c") == 200 * 50


def test_a_node_whose_heartbeats_ended_is_listed_first_with_a_mark() -> None:
    members = [
        Member("a", NodeState.FAILED, is_silent=False),
        Member("b", NodeState.ACTIVE, is_silent=True),
    ]
    lines = draw_lines([Group(None, members)], "project", width=40, most=9)
    assert lines[:2] == ["no project: 2 nodes (1 A, 1 F, 1 !)", "└── A! b  F a"]


def test_a_long_name_is_folded_and_not_cut() -> None:
    member = Member("x" * 63, NodeState.ACTIVE, is_silent=False)
    drawing = "".join(draw_lines([Group("main", [member])], "cluster", width=40))
    assert drawing.count("x") == len(member.node_id)


def test_a_name_cannot_style_the_drawing() -> None:
    hostile = Group("[red]x", [Member("[bold]\x1b[31mb\n", NodeState.ACTIVE, is_silent=False)])
    lines = draw_lines([hostile], "cluster")
    assert lines[:2] == ["[red]x: 1 node (1 A)", r"└── A [bold]\u001b[31mb\n"]


@pytest.mark.usefixtures("fleet")
def test_other_programs_get_the_same_graph(qm: Qm) -> None:
    lines = qm("node", "graph", "--format", "dot").stdout.splitlines()
    assert {'  g1n1 [label="A web-1", color=green];', "  g1 -- g1n1;"} <= set(lines)
    assert qm("node", "graph", "--format", "mermaid").exit_code == 2

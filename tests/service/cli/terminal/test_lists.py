# SPDX-License-Identifier: Apache-2.0
"""Lists on the command line: sorted, with chosen fields, and of the width of their terminal."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import Result

from inventory_service.core.actors import Scope
from tests.service.cli.conftest import Service
from tests.service.cli.terminals import columns_of, plain, run_in_terminal

Qm = Callable[..., Result]
Ask = Callable[..., Any]

WORDS = ("東京のサーバー" * 9, "e\u0301te\u0301 " * 40, "🚢 und 🐳 " * 20, "plain " * 40)
#: Everything a terminal obeys begins with one of these, except the colours that are ours.
ORDERS = re.compile("[\x00-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\x1b(?!\\[[0-9;]*m)")


@pytest.fixture
def environment(service: Service) -> Mapping[str, str]:
    return {"QM_URL": service.url, "QM_TOKEN": service.tokens[Scope.ADMIN]}


@pytest.fixture
def fleet(ask: Ask, mesh: str) -> None:
    """Projects with long words, and nodes with values that would like to steer a terminal."""
    for place, text in enumerate(WORDS):
        ask("project", "add", f"project-{place}", "--description", text.strip(), "--owner", "Łucja")
    hostile = '["\\u202e\\u2066", "two\\nlines\\tand a tab"]'
    words = ("--cluster", mesh, "--image", WORDS[0], "--label", f"where={WORDS[2].strip()}")
    ask("node", "add", "n" * 63, "--type", "web", *words, "--var", f"hostile={hostile}")
    ask("node", "add", "web-1", "--type", "web", "--cluster", mesh, "--project", "project-1")


def test_a_list_is_sorted_and_shows_the_fields_that_are_asked_for(
    qm: Qm, ask: Ask, mesh: str
) -> None:
    for name, region in (("web-1", "eu"), ("web-2", "us"), ("web-3", "eu")):
        ask("node", "add", name, "--type", "web", "--cluster", mesh, "--region", region)
    words = ("--sort", "-region,-node_id", "--fields", "node_id,region")
    assert ask("node", "list", *words, "--limit", "2") == [
        {"node_id": "web-2", "region": "us"},
        {"node_id": "web-3", "region": "eu"},
    ]
    lines = qm("node", "list", *words).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["NODE", "REGION"],
        ["web-2", "us"],
        ["web-3", "eu"],
        ["web-1", "eu"],
    ]


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (("cluster", "list"), "cluster_id"),
        (("project", "list"), "project"),
        (("environment", "list"), "environment"),
        (("service", "list"), "service"),
        (("token", "list"), "name"),
        (("audit",), "id"),
    ],
)
@pytest.mark.usefixtures("mesh")
def test_each_list_is_sorted_both_ways(ask: Ask, command: tuple[str, ...], field: str) -> None:
    for name in ("shop", "blog"):
        ask("project", "add", name)
        ask("service", "add", f"{name}-api", "--project", name, "--environment", "prod")
    ask("cluster", "add", "edge", "--mesh-prefix", "10.1.0.0/24")
    found = [ask(*command, "--sort", sort, "--fields", field) for sort in (field, f"-{field}")]
    assert len(found[0]) > 1
    assert found[0] == found[1][::-1] == sorted(found[0], key=lambda one: one[field])


def test_a_field_that_there_is_not_is_named(qm: Qm) -> None:
    result = qm("project", "list", "--fields", "name")
    assert result.exit_code == 1
    assert "Allowed: project, description, owner" in result.stderr


@pytest.mark.usefixtures("fleet")
def test_lists_fit_their_terminal_and_cannot_steer_it(environment: Mapping[str, str]) -> None:
    commands = (
        ("project", "list"),
        ("node", "list"),
        ("node", "list", "--fields", "node_id,vars,labels,image,state"),
        ("node", "show", "n" * 63),
    )
    orders = [(columns, words) for columns in (40, 80, 200) for words in commands]
    shown = run_in_terminal(orders, environment)
    assert len(shown) == len(orders)
    for (columns, _), lines in zip(orders, shown, strict=True):
        assert len(lines) > 2
        for line in lines:
            assert not ORDERS.search(line), repr(line)
            assert line.startswith("No room here for: ") or columns_of(line) <= columns


@pytest.mark.usefixtures("fleet")
def test_what_has_no_room_is_cut_with_an_ellipsis_and_names_stay_whole(
    environment: Mapping[str, str],
) -> None:
    orders = [(80, ("project", "list")), (40, ("node", "list"))]
    projects, nodes = run_in_terminal(orders, environment)
    rows = [plain(line) for line in projects[1:5]]
    assert [row.split()[0] for row in rows] == [f"project-{place}" for place in range(4)]
    assert all("…" in row and "Łucja" in row for row in rows)
    names = "".join(plain(line).split()[0] for line in nodes[1:5])
    assert "n" * 63 in names
    assert nodes[-1].startswith("No room here for: ")


@pytest.mark.usefixtures("fleet")
def test_a_pipe_gets_everything(qm: Callable[..., Any]) -> None:
    out = qm("project", "list").stdout
    assert [text.strip() in out for text in WORDS] == [True] * 4
    assert "…" not in out

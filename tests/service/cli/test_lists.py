# SPDX-License-Identifier: Apache-2.0
"""Lists on the command line, sorted and with chosen fields."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]


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
    assert "There are project, description, owner" in result.stderr

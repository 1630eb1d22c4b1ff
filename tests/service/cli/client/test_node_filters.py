# SPDX-License-Identifier: Apache-2.0
"""Commands about many nodes have the same filters, and each filter reaches the service."""

from collections.abc import Callable
from typing import Any

import click
import pytest

from inventory_service.cli.client.node_filters import filters_of
from inventory_service.cli.commands.exports import export_group
from inventory_service.cli.commands.node_graph import graph
from inventory_service.cli.commands.nodes import node

Ask = Callable[..., Any]

#: The option of each filter, and a value by which web-1 differs from web-2.
DIFFERENCES = {
    "--project": "shop",
    "--environment": "prod",
    "--cluster": "edge",
    "--region": "eu",
    "--type": "web",
    "--state": "provisioning",
}


def test_filters_narrow_the_list(ask: Ask, mesh: str) -> None:
    for name, kind in (("web-1", "web"), ("web-2", "web"), ("db-1", "data")):
        ask("node", "add", name, "--type", kind, "--cluster", mesh)
    names = [found["node_id"] for found in ask("node", "list", "--type", "web")]
    assert names == ["web-1", "web-2"]
    assert len(ask("node", "list", "--type", "web", "--type", "data")) == 3
    assert len(ask("node", "list", "--limit", "1")) == 1
    assert ask("node", "list", "--cluster", "other") == []


@pytest.mark.parametrize("option", DIFFERENCES)
def test_each_filter_chooses_by_its_own_field(ask: Ask, mesh: str, option: str) -> None:
    ask("project", "add", "shop")
    ask("cluster", "add", "edge", "--mesh-prefix", "10.91.0.0/28")
    words = [
        word for name in DIFFERENCES if name != "--state" for word in (name, DIFFERENCES[name])
    ]
    ask("node", "add", "web-1", *words)
    ask("node", "set", "web-1", "--state", "provisioning")
    ask("node", "add", "web-2", "--type", "data", "--cluster", mesh)
    assert [one["node_id"] for one in ask("node", "list", option, DIFFERENCES[option])] == ["web-1"]


@pytest.mark.parametrize(
    "command",
    [node.commands["list"], graph, export_group.commands["nodes"]],
    ids=lambda one: one.name,
)
def test_each_command_about_many_nodes_has_all_filters(command: click.Command) -> None:
    options = {word for parameter in command.params for word in parameter.opts}
    assert set(DIFFERENCES) <= options


def test_a_filter_that_was_not_given_is_not_sent() -> None:
    assert filters_of({"state": (), "region": ("eu", "us")}) == {"region": ("eu", "us")}

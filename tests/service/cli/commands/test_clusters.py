# SPDX-License-Identifier: Apache-2.0
"""`qm cluster` against a real service."""

from collections.abc import Callable
from typing import Any

from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]


def test_a_cluster_is_added_changed_and_retired(ask: Ask) -> None:
    words = ("--mesh-prefix", "10.1.0.0/24", "--type", "edge", "--region", "eu-1")
    ask("cluster", "add", "edge-1", *words, "--mesh-port", "51821")
    ask("cluster", "set", "edge-1", "--region", "", "--mesh-port", "51822", "--reason", "moved")
    found = ask("cluster", "show", "edge-1")
    assert [found["cluster_type"], found["region"], found["mesh_port"]] == ["edge", None, 51822]
    assert ask("cluster", "retire", "edge-1", "--reason", "done", "--yes")["retired_at"]
    assert [cluster["cluster_id"] for cluster in ask("cluster", "list")] == ["edge-1"]


def test_a_cluster_with_nodes_is_not_retired(qm: Qm, ask: Ask, mesh: str) -> None:
    ask("node", "add", "web-1", "--type", "web", "--cluster", mesh)
    result = qm("cluster", "retire", mesh, "--reason", "too early", "--yes")
    assert result.exit_code == 5
    assert mesh in result.stderr


def test_a_prefix_that_is_none_is_named(qm: Qm) -> None:
    result = qm("cluster", "add", "new", "--mesh-prefix", "10.1.0.1/24")
    assert result.exit_code == 1
    assert "mesh_prefix" in result.stderr

# SPDX-License-Identifier: Apache-2.0
"""Fleets for the tests of the service's faults: how large they are, made, and counted."""

import os
from collections.abc import Iterator
from typing import Any

from tests.e2e.service.process import Process

#: How many nodes come at once. `make test` has little time; TEST_FAULT_NODES=10000 has more.
MANY = int(os.environ.get("TEST_FAULT_NODES", "2000"))


def make_cluster(process: Process) -> None:
    """Make the cluster that the nodes belong to, with room for four million of them."""
    body = {"cluster_id": "main", "mesh_prefix": "10.64.0.0/10"}
    assert process.post("/api/v1/clusters", body).status_code == 201


def make_bodies(name: str, count: int) -> list[dict[str, Any]]:
    """Return what registers the nodes `<name>-0` and so on."""
    return [
        {"node_id": f"{name}-{number}", "node_type": "web", "cluster_id": "main"}
        for number in range(count)
    ]


def count_nodes(process: Process) -> int:
    """Return how many nodes there are."""
    return sum(process.get("/api/v1/status")["nodes"].values())


def list_nodes(process: Process) -> Iterator[dict[str, Any]]:
    """Yield each node, page by page."""
    path = "/api/v1/nodes?limit=1000"
    cursor = ""
    while cursor is not None:
        page = process.get(path + (f"&cursor={cursor}" if cursor else ""))
        yield from page["items"]
        cursor = page["next_cursor"]

# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the mesh takes: from the records of the service to the file of each node."""

import time
from collections.abc import Iterator
from typing import Any

from ansible_collections.quartermaster.fleet.plugins.filter.mesh_peers import mesh_peers
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.conf import render
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.validation import (
    parse_options,
)

from tests.bench.figures import Figure
from tests.bench.fleets import KEY, make_key

_SIZE = 500


def measure() -> Iterator[Figure]:
    """Yield what the peers of all nodes cost the controller, and their files the hosts."""
    nodes = [_make_node(number) for number in range(1, _SIZE + 1)]
    start = time.perf_counter()
    peers = {node["node_id"]: mesh_peers(nodes, node["node_id"]) for node in nodes}
    computed_s = time.perf_counter() - start
    texts = [_render(node, peers[node["node_id"]]) for node in nodes]
    taken_s = time.perf_counter() - start
    assert {text.count("[Peer]") for text in texts} == {_SIZE - 1}
    note = f"{computed_s:.2g} s of it on the controller, the rest on {_SIZE} hosts at once"
    what = f"mesh of {_SIZE} nodes, computed and rendered for all"
    yield Figure(what, taken_s, "s", 2, note=note)


def _render(own: dict[str, Any], peers: list[dict[str, Any]]) -> str:
    options = {
        "name": "wg0",
        "address": [f"{own['wireguard_ip']}/16"],
        "listen_port": own["mesh_port"],
        "mtu": None,
        "peers": peers,
    }
    return render(parse_options(options), KEY)


def _make_node(number: int) -> dict[str, Any]:
    address = f"{number >> 8}.{number & 255}"
    return {
        "node_id": f"node-{number:06d}",
        "cluster_id": "main",
        "region": f"region-{number % 5}",
        "state": "active",
        "internal_ip": f"10.0.{address}",
        "external_ip": f"198.18.{address}",
        "wireguard_ip": f"10.90.{address}",
        "wireguard_public_key": make_key(number),
        "mesh_port": 51820,
    }

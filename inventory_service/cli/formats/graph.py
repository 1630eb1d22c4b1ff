# SPDX-License-Identifier: Apache-2.0
"""The fleet as groups of nodes, each node with its state and whether its heartbeats have ended."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from inventory_service.fleet.domain.nodes import NodeState

#: A node that has sent heartbeats, and none for so long, is marked as silent.
SILENT_AFTER = timedelta(minutes=5)
FIELDS = ("node_id", "node_type", "cluster_id", "project", "environment", "state", "last_seen")
_COLUMN = {"cluster": "cluster_id", "project": "project"}


@dataclass(frozen=True)
class Member:
    """A node in a group."""

    node_id: str
    state: NodeState
    is_silent: bool


@dataclass(frozen=True)
class Group:
    """Nodes that share a cluster, a project or a service; no name is for those that have none."""

    name: str | None
    members: Sequence[Member]


def group_nodes(
    nodes: Iterable[Mapping[str, Any]], by: str, services: Sequence[Mapping[str, Any]]
) -> list[Group]:
    """Return the groups by name, each with its nodes by name; nodes without one come last."""
    members: dict[str | None, list[Member]] = defaultdict(list)
    now = datetime.now(UTC)
    for node in nodes:
        member = Member(node["node_id"], NodeState(node["state"]), _is_silent(node, now))
        names = _services_of(node, services) if by == "service" else [node[_COLUMN[by]]]
        for name in names or [None]:
            members[name].append(member)
    ordered = sorted(members.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return [Group(name, held) for name, held in ordered]


def _is_silent(node: Mapping[str, Any], now: datetime) -> bool:
    if node["state"] != NodeState.ACTIVE or node["last_seen"] is None:
        return False
    return now - datetime.fromisoformat(node["last_seen"]) > SILENT_AFTER


def _services_of(
    node: Mapping[str, Any], services: Sequence[Mapping[str, Any]]
) -> list[str | None]:
    return [
        service["service"]
        for service in services
        if node["node_id"] in service["nodes"]
        or (
            node["node_type"] in service["node_types"]
            and node["project"] == service["project"]
            and node["environment"] == service["environment"]
        )
    ]

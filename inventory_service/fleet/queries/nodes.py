# SPDX-License-Identifier: Apache-2.0
"""Nodes by filters."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, literal_column, select
from sqlalchemy.orm import Session

from inventory_service.fleet.domain.nodes import LIVE, NodeState
from inventory_service.fleet.models.nodes import Node

#: What a list of nodes can be narrowed by, and the column behind each name.
FILTERS = {
    "project": Node.project,
    "environment": Node.environment,
    "cluster": Node.cluster_id,
    "region": Node.region,
    "node_type": Node.node_type,
    "state": Node.state,
}
Filters = Mapping[str, Sequence[str]]
AnySelect = TypeVar("AnySelect", bound=Select[*tuple[Any, ...]])


def find_node(session: Session, node_id: str) -> Node | None:
    """Return the live node of that name, else the one that was retired last."""
    return session.scalars(
        select(Node)
        .where(Node.node_id == node_id)
        .order_by(Node.state == "retired", Node.id.desc())
        .limit(1)
    ).one_or_none()


def list_known_hosts(session: Session) -> list[tuple[list[str], list[str]]]:
    """Return (names and addresses, host keys) of each live node that has recorded keys."""
    query = select(
        Node.node_id, Node.internal_ip, Node.external_ip, Node.wireguard_ip, Node.ssh_host_keys
    ).where(Node.state.in_([state.value for state in LIVE]))
    return [
        ([name for name in row[:4] if name], row[4])
        for row in session.execute(query.order_by(Node.node_id))
        if row[4]
    ]


def apply_filters(query: AnySelect, filters: Filters) -> AnySelect:
    """Return the query with each filter that has values."""
    for name, values in filters.items():
        if name == "state" and set(values) == set(LIVE):
            # The words of the partial index, so that it serves: SQLite would else fetch all nodes
            # by their states and sort them for each page.
            query = query.where(Node.state != literal_column(f"'{NodeState.RETIRED.value}'"))
        elif values:
            query = query.where(FILTERS[name].in_(values))
    return query

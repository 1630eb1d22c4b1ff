# SPDX-License-Identifier: Apache-2.0
"""Reads of the fleet that are larger than a row: nodes by filters, placement, status, chunks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.orm import Session

from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.nodes import IN_SERVICE, LIVE, NodeState
from inventory_service.fleet.domain.services import Placement
from inventory_service.fleet.models.address_leases import AddressLease
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.services import Service

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
Value = TypeVar("Value", str, int)
AnySelect = TypeVar("AnySelect", bound=Select[*tuple[Any, ...]])
#: Where SSH is looked for; a known_hosts file names only other ports (sshd(8)).
SSH_PORT = 22
#: How many values one query names: SQLite and PostgreSQL take some 32,000 parameters.
_MOST_VALUES = 1000


def find_node(session: Session, node_id: str) -> Node | None:
    """Return the live node of that name, else the one that was retired last."""
    return session.scalars(
        select(Node)
        .where(Node.node_id == node_id)
        .order_by(Node.state == "retired", Node.id.desc())
        .limit(1)
    ).one_or_none()


def find_nodes(session: Session, names: Iterable[str]) -> dict[str, Node]:
    """Return what `find_node` returns for each name, by name; a name without one is left out."""
    # Of several nodes of one name, the last one stays in the dictionary.
    order = Node.state != NodeState.RETIRED.value, Node.id
    return {
        node.node_id: node
        for chunk in in_chunks(names)
        for node in session.scalars(select(Node).where(Node.node_id.in_(chunk)).order_by(*order))
    }


def list_leases(session: Session, nodes: Iterable[Node]) -> list[AddressLease]:
    """Return the leases of nodes; while they are kept, the session finds each without a query."""
    return [
        lease
        for chunk in in_chunks(node.id for node in nodes)
        for lease in session.scalars(select(AddressLease).where(AddressLease.node_pk.in_(chunk)))
    ]


def list_leases_at(
    session: Session, cluster_id: str, addresses: Iterable[str]
) -> list[AddressLease]:
    """Return the leases of addresses of one mesh, to be kept as those of `list_leases`."""
    query = select(AddressLease).where(AddressLease.cluster_id == cluster_id)
    return [
        lease
        for chunk in in_chunks(addresses)
        for lease in session.scalars(query.where(AddressLease.address.in_(chunk)))
    ]


def list_known_hosts(session: Session) -> list[tuple[list[str], list[str]]]:
    """Return (names and addresses, host keys) of each live node that has recorded keys.

    The first name is the node's own, which the inventory gives to SSH as ``HostKeyAlias``. An
    address that two nodes have, as in two clusters, is left out: by it SSH would take one for the
    other. At another SSH port a node is also known by ``[name]:port``, as ssh looks it up.
    """
    query = select(
        Node.node_id,
        Node.internal_ip,
        Node.external_ip,
        Node.wireguard_ip,
        Node.ssh_host_keys,
        Node.vars,
    ).where(Node.state.in_([state.value for state in LIVE]))
    found = [
        (row.node_id, _name_to_ssh(row[:4], row.vars), row.ssh_host_keys)
        for row in session.execute(query.order_by(Node.node_id))
        if row.ssh_host_keys
    ]
    times = Counter(name for _, names, _ in found for name in names)
    return [
        (list(dict.fromkeys([node_id, *(name for name in names if times[name] == 1)])), keys)
        for node_id, names, keys in found
    ]


def _name_to_ssh(names: Iterable[str | None], variables: Mapping[str, Any]) -> list[str]:
    """Return the names under which ssh looks the host key up, if it is given no alias."""
    found = dict.fromkeys([*filter(None, names), *filter(None, [variables.get("ansible_host")])])
    port = variables.get("ansible_port", SSH_PORT)
    return list(found) if port == SSH_PORT else [f"[{name}]:{port}" for name in found]


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


def read_placement(session: Session, *, job: str | None = None) -> Placement:
    """Return where all live services run, or those that one job scrapes."""
    query = select(Service).where(Service.retired_at.is_(None))
    if job is not None:
        query = query.where(Service.scrape_job == job)
    return Placement(session.scalars(query))


def get_status(session: Session) -> dict[str, Any]:
    """Return the revision, how many nodes are in each state, and how many wait for a new size."""
    query = select(Node.state, func.count()).group_by(Node.state)
    counts = {state: count for state, count in session.execute(query)}  # noqa: C416 - rows are no tuples to the type checker
    return {
        "revision": get_revision(session),
        "nodes": {state.value: counts.get(state.value, 0) for state in NodeState},
        "pending_resizes": _count_pending_resizes(session),
    }


def in_chunks(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Yield the values sorted, in lists that one query can name."""
    ordered = sorted(values)
    for start in range(0, len(ordered), _MOST_VALUES):
        yield ordered[start : start + _MOST_VALUES]


def _count_pending_resizes(session: Session) -> int:
    """Return how many nodes in service have another size than is wanted."""
    return session.execute(
        select(func.count()).where(
            Node.state.in_([state.value for state in IN_SERVICE]),
            Node.provisioned_spec.is_not(None),
            Node.spec != Node.provisioned_spec,
        )
    ).scalar_one()

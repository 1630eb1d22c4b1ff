# SPDX-License-Identifier: Apache-2.0
"""Change the states of nodes, and read them."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import NotFound
from inventory_service.core.pagination import Page
from inventory_service.fleet import queries
from inventory_service.fleet.domain.nodes import LIVE, NodeState, TransitionRequest
from inventory_service.fleet.models.nodes import Node, Transition


def transition_node(
    session: Session, actor: Actor, node_id: str, request: TransitionRequest
) -> Transition:
    """Change the state of a node; retirement releases its mesh address.

    :raises NotFound: no such node.
    :raises Conflict: there is no such transition.
    """
    node = get_node(session, node_id)
    transition = node.change_state(request.state, actor, request.reason)
    session.flush()
    return transition


def retire_nodes(session: Session, actor: Actor, names: Collection[str], reason: str) -> None:
    """Retire many nodes: read together, and written together.

    :raises NotFound: there was never a node of one of these names.
    :raises Conflict: one of them can't be retired.
    """
    nodes = get_nodes(session, names)
    # Kept, so that the release of an address needs no query of its own.
    leases = queries.list_leases(session, nodes)
    for node in nodes:
        node.change_state(NodeState.RETIRED, actor, reason)
    session.flush()
    del leases


def get_nodes(session: Session, names: Collection[str]) -> list[Node]:
    """Return what `get_node` returns for each name, in their order.

    :raises NotFound: there was never a node of one of these names.
    """
    found = queries.find_nodes(session, names)
    return [found.get(name) or get_node(session, name) for name in names]


def get_node(session: Session, node_id: str) -> Node:
    """Return the live node of that name, else the one that was retired last.

    :raises NotFound: there was never one.
    """
    node = queries.find_node(session, node_id)
    if node is None:
        raise NotFound(
            f"There is no node '{node_id[:64]}'. `qm node list` shows those that there are."
        )
    return node


def list_nodes(
    session: Session, filters: queries.Filters, page: Page, *, prefix: str = ""
) -> Sequence[Node]:
    """Return a page of nodes whose names begin so; without a state, of those not retired."""
    narrowed = dict(filters)
    if not narrowed.get("state"):
        narrowed["state"] = [state.value for state in LIVE]
    elif "any" in narrowed["state"]:
        narrowed["state"] = []
    query = queries.apply_filters(select(Node), narrowed)
    if prefix:
        query = query.where(Node.node_id.startswith(prefix, autoescape=True))
    return read_page(session, Node, query, page)


def list_transitions(session: Session, node_id: str) -> Sequence[Transition]:
    """Return the transitions of a node, oldest first.

    :raises NotFound: no such node.
    """
    node = get_node(session, node_id)
    return session.scalars(
        select(Transition).where(Transition.node_pk == node.id).order_by(Transition.id)
    ).all()

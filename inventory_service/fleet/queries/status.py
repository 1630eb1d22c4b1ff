# SPDX-License-Identifier: Apache-2.0
"""The fleet at a glance."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.nodes import IN_SERVICE, NodeState
from inventory_service.fleet.models.nodes import Node


def get_status(session: Session) -> dict[str, Any]:
    """Return the revision, how many nodes are in each state, and what waits for a run."""
    query = select(Node.state, func.count()).group_by(Node.state)
    counts = {state: count for state, count in session.execute(query)}  # noqa: C416 - rows are no tuples to the type checker
    return {
        "revision": get_revision(session),
        "nodes": {state.value: counts.get(state.value, 0) for state in NodeState},
        "pending_resizes": _count_pending_resizes(session),
    }


def _count_pending_resizes(session: Session) -> int:
    """Return how many nodes in service have another size than is wanted."""
    return session.execute(
        select(func.count()).where(
            Node.state.in_([state.value for state in IN_SERVICE]),
            Node.provisioned_spec.is_not(None),
            Node.spec != Node.provisioned_spec,
        )
    ).scalar_one()

# SPDX-License-Identifier: Apache-2.0
"""The fleet at a glance."""

from typing import Any

from sqlalchemy.orm import Session

from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.queries.nodes import count_by_state, count_pending_resizes


def get_status(session: Session) -> dict[str, Any]:
    """Return the revision, how many nodes are in each state, and what waits for a run."""
    counts = count_by_state(session)
    nodes = {state.value: counts.get(state.value, 0) for state in NodeState}
    return {
        "revision": get_revision(session),
        "nodes": nodes,
        "pending_resizes": count_pending_resizes(session),
    }

# SPDX-License-Identifier: Apache-2.0
"""Noting which nodes live."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from inventory_service.domain.errors import Conflict, NotFound, Refusal
from inventory_service.domain.heartbeats import get_clock_limit
from inventory_service.domain.nodes import NodeState
from inventory_service.storage.models import Node


def note_heartbeats(session: Session, node_ids: Collection[str]) -> dict[str, Refusal]:
    """Note that nodes were seen just now; return why some were not, by node.

    This is no change of the fleet: it has no revision and leaves no record.
    """
    now = datetime.now(UTC)
    seen = Node.last_seen
    noted = session.scalars(
        update(Node)
        .where(Node.node_id.in_(node_ids), Node.state != NodeState.RETIRED.value)
        .values(last_seen=case((seen.between(now, get_clock_limit(now)), seen), else_=now))
        .returning(Node.node_id)
        .execution_options(synchronize_session=False)
    ).all()
    missing = set(node_ids).difference(noted)
    if not missing:
        return {}
    known = set(session.scalars(select(Node.node_id).where(Node.node_id.in_(missing))))
    return {node_id: _explain(node_id, is_known=node_id in known) for node_id in missing}


def _explain(node_id: str, *, is_known: bool) -> Refusal:
    if is_known:
        return Conflict(f"Node '{node_id}' is retired; its heartbeats are not taken any more.")
    return NotFound(
        f"There is no node '{node_id[:64]}'. `qm node list` shows those that there are."
    )

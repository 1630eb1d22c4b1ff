# SPDX-License-Identifier: Apache-2.0
"""Store heartbeats of nodes."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import Table, bindparam, case, select, update
from sqlalchemy.orm import Session

from inventory_service.core.clock import max_plausible_time
from inventory_service.core.errors import Conflict, NotFound, ServiceError
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.nodes import Node

_NODES = Node.__table__.c
_NOW, _LATEST = (bindparam(name, type_=_NODES.last_seen.type) for name in ("now", "latest"))
#: Made once: to build it costs more than to run it.
_STORE = (
    update(cast("Table", Node.__table__))
    .where(
        _NODES.node_id.in_(bindparam("node_ids", expanding=True)),
        _NODES.state != NodeState.RETIRED.value,
    )
    .values(last_seen=case((_NODES.last_seen.between(_NOW, _LATEST), _NODES.last_seen), else_=_NOW))
    .returning(_NODES.node_id)
)


def store_heartbeats(session: Session, node_ids: Collection[str]) -> dict[str, ServiceError]:
    """Store that nodes were seen just now; return why some were refused, by node.

    This is no change of the fleet: it has no revision and leaves no record.
    """
    now = datetime.now(UTC)
    stored = session.scalars(
        _STORE, {"node_ids": list(node_ids), "now": now, "latest": max_plausible_time(now)}
    ).all()
    missing = set(node_ids).difference(stored)
    if not missing:
        return {}
    known = set(session.scalars(select(Node.node_id).where(Node.node_id.in_(missing))))
    return {node_id: _explain(node_id, is_known=node_id in known) for node_id in missing}


def _explain(node_id: str, *, is_known: bool) -> ServiceError:
    if is_known:
        return Conflict(f"Node '{node_id}' is retired; its heartbeats are not taken any more.")
    return NotFound(
        f"There is no node '{node_id[:64]}'. `qm node list` shows those that there are."
    )

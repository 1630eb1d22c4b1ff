# SPDX-License-Identifier: Apache-2.0
"""Files that declare nodes: what one would change, and how it is recorded."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import (
    ErrorCollector,
    FieldError,
    ServiceError,
    refuse_file,
)
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import NodeChange, NodeRegistration, NodeState
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.queries import in_chunks
from inventory_service.fleet.usecases.changes import change_nodes
from inventory_service.fleet.usecases.nodes import get_nodes
from inventory_service.fleet.usecases.registrations import register_nodes, relocate_row
from inventory_service.imports.domain.declared_nodes import Row, note_keywords
from inventory_service.imports.domain.node_list import ListedNode, read_nodes
from inventory_service.imports.domain.nodes_plan import (
    ChangedNode,
    NodesPlan,
    apply_changes,
    plan_rows,
)
from inventory_service.imports.domain.projects_plan import ImportRequest
from inventory_service.imports.domain.skips import Skip, Skips
from inventory_service.imports.domain.terraform_nodes import read_terraform
from inventory_service.imports.usecases.projects import choose_cluster

#: The source of a node, by the format of the file.
SOURCES = {"terraform": "terraform", "nodes": "api"}
_FIELDS = tuple(name for name in ListedNode.model_fields if name != "node_id")


class NodesFile:
    """A file that declares nodes: a list of them, or what Terraform wrote.

    :raises BadInput: it is invalid, or declares more nodes than one import takes.
    """

    def __init__(self, request: ImportRequest) -> None:
        self.request = request
        self._rows, self._skipped = _read(request)

    def plan(self, session: Session) -> NodesPlan:
        """Return what must be recorded so that the fleet has what the file declares.

        :raises BadInput: no cluster can take the nodes for which the file names none.
        """
        known = _list_known(session, [row.node.node_id for row in self._rows])
        plan = plan_rows(self._rows, known, self._skipped)
        unassigned = [added for added in plan.add if "cluster_id" not in added.fields]
        cluster_id = choose_cluster(session, self.request) if unassigned else None
        for added in unassigned:
            added.fields["cluster_id"] = cluster_id
        return plan

    def record(
        self, session: Session, actor: Actor, plan: NodesPlan, *, allocator: AddressAllocator
    ) -> None:
        """Record new nodes as planned, and changes of known ones; errors have the file's addresses.

        :raises BadInput: a node can't be registered or changed so.
        :raises Conflict: likewise.
        """
        errors = ErrorCollector()
        reason = self.request.reason or self.request.format
        _change(session, actor, plan.update, errors, reason=reason, allocator=allocator)
        nodes = [
            NodeRegistration(node_id=added.node_id, **added.fields, reason=reason)
            for added in plan.add
        ]
        source = SOURCES[self.request.format]
        try:
            register_nodes(session, actor, nodes, allocator=allocator, source=source)
        except ServiceError as error:
            errors.note(
                error.relocated(
                    lambda found: relocate_row(
                        found, lambda row, cell: _below(plan.add[row].address, cell)
                    )
                )
            )
        if errors.field_errors:
            raise refuse_file(errors.field_errors, errors.kind)


def _read(request: ImportRequest) -> tuple[list[Row], list[Skip]]:
    if request.format == "nodes":
        rows, skips = read_nodes(request.content), Skips()
        note_keywords(rows, skips)
        return rows, skips.all()
    file = read_terraform(request.content)
    return file.rows, file.skipped


def _list_known(session: Session, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the fields of those nodes that are live, by name."""
    columns = [getattr(Node, name) for name in _FIELDS]
    known = {}
    for chunk in in_chunks(names):
        query = select(Node.node_id, *columns).where(
            Node.node_id.in_(chunk), Node.state != NodeState.RETIRED.value
        )
        for node_id, *values in session.execute(query):
            known[node_id] = dict(zip(_FIELDS, values, strict=True))
    return known


def _change(
    session: Session,
    actor: Actor,
    update: Sequence[ChangedNode],
    errors: ErrorCollector,
    *,
    reason: str,
    allocator: AddressAllocator,
) -> None:
    names = [changed.node_id for changed in update]
    known = _list_known(session, names)
    wanted = [apply_changes(changed.changes, known[changed.node_id]) for changed in update]
    changes = [NodeChange(**fields, reason=reason) for fields in wanted]
    change_nodes(
        session,
        actor,
        zip(get_nodes(session, names), changes, strict=True),
        allocator=allocator,
        handle=lambda index, error: errors.note(
            error.relocated(partial(_below, update[index].address))
        ),
    )


def _below(address: str, error: FieldError) -> FieldError:
    """Return an error of a node with its field below the node's address in the file."""
    return replace(error, field=f"{address}.{error.field}")

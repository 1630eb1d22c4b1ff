# SPDX-License-Identifier: Apache-2.0
"""Files that declare nodes: plan what one would change, and record it, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import (
    Conflict,
    ErrorCollector,
    FieldError,
    ServiceError,
    refuse_file,
)
from inventory_service.core.revision import rolled_back_savepoint
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import NodeChange, NodeRegistration, NodeState
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.queries import in_chunks
from inventory_service.fleet.usecases.nodes import change_node
from inventory_service.fleet.usecases.registrations import register_nodes, relocate_row
from inventory_service.imports.domain.declared_nodes import Row
from inventory_service.imports.domain.node_list import ListedNode, read_nodes
from inventory_service.imports.domain.nodes_plan import NodesPlan, apply_changes, plan_rows
from inventory_service.imports.domain.projects_plan import ImportRequest
from inventory_service.imports.domain.terraform_nodes import read_terraform
from inventory_service.imports.domain.terraform_servers import Skip
from inventory_service.imports.usecases.projects import choose_cluster

#: The source of a node, by the format of the file.
SOURCES = {"terraform": "terraform", "nodes": "api"}
_FIELDS = tuple(name for name in ListedNode.model_fields if name != "node_id")

#: The fields of the nodes that a file names and the fleet has, by name.
Known = Mapping[str, dict[str, Any]]


def plan_nodes(
    session: Session, actor: Actor, request: ImportRequest, *, allocator: AddressAllocator
) -> NodesPlan:
    """Return what the file would change; it is recorded as a trial and rolled back.

    :raises BadInput: as `apply_nodes`.
    :raises Conflict: likewise.
    """
    plan, known = _plan(session, request)
    with rolled_back_savepoint(session):
        _record(session, actor, request, plan, known, allocator=allocator)
    return plan


def apply_nodes(
    session: Session, actor: Actor, request: ImportRequest, *, allocator: AddressAllocator
) -> NodesPlan:
    """Record what the file declares: new nodes as planned, and changes of known ones.

    :raises BadInput: the file is invalid, or a node can't be registered or changed so.
    :raises Conflict: likewise; or the plan is not the one that was shown.
    """
    plan, known = _plan(session, request)
    if request.plan_digest is not None and request.plan_digest != plan.digest:
        raise Conflict(
            "The fleet has changed since the plan was shown, and the plan with it. Nothing was "
            "changed. Look at the new plan and apply that one."
        )
    _record(session, actor, request, plan, known, allocator=allocator)
    return plan


def _plan(session: Session, request: ImportRequest) -> tuple[NodesPlan, Known]:
    """Return the plan, and the fields of the nodes that the file names and the fleet has."""
    rows, skipped = _read(request)
    known = _list_known(session, [row.node.node_id for row in rows])
    plan = plan_rows(rows, known, skipped)
    unassigned = [added for added in plan.add if "cluster_id" not in added.fields]
    cluster_id = choose_cluster(session, request) if unassigned else None
    for added in unassigned:
        added.fields["cluster_id"] = cluster_id
    return plan, known


def _read(request: ImportRequest) -> tuple[list[Row], list[Skip]]:
    if request.format == "nodes":
        return read_nodes(request.content), []
    file = read_terraform(request.content)
    return file.rows, file.skipped


def _list_known(session: Session, names: Sequence[str]) -> Known:
    columns = [getattr(Node, name) for name in _FIELDS]
    known = {}
    for chunk in in_chunks(names):
        query = select(Node.node_id, *columns).where(
            Node.node_id.in_(chunk), Node.state != NodeState.RETIRED.value
        )
        for node_id, *values in session.execute(query):
            known[node_id] = dict(zip(_FIELDS, values, strict=True))
    return known


def _record(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    plan: NodesPlan,
    known: Known,
    *,
    allocator: AddressAllocator,
) -> None:
    """Record a plan; its errors are named by their addresses in the file."""
    reason = request.reason or request.format
    errors = ErrorCollector()
    for changed in plan.update:
        wanted = apply_changes(changed.changes, known[changed.node_id])
        change = NodeChange(**wanted, reason=reason)
        try:
            change_node(session, actor, changed.node_id, change, allocator=allocator)
        except ServiceError as error:
            errors.note(error.relocated(partial(_below, changed.address)))
    source = SOURCES[request.format]
    nodes = [
        NodeRegistration(node_id=added.node_id, **added.fields, reason=reason) for added in plan.add
    ]
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


def _below(address: str, error: FieldError) -> FieldError:
    """Return an error of a node with its field below the node's address in the file."""
    return replace(error, field=f"{address}.{error.field}")

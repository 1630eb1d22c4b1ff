# SPDX-License-Identifier: Apache-2.0
"""The inventory merged with a Terraform file, for one answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.errors import Conflict, FieldError
from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.queries import Filters, in_chunks
from inventory_service.fleet.usecases.uniqueness import GroupNameCheck
from inventory_service.imports.domain.declared_nodes import Row
from inventory_service.imports.domain.terraform_merge import merge_rows
from inventory_service.imports.domain.terraform_nodes import read_terraform
from inventory_service.inventory.queries import list_inventory_rows
from inventory_service.inventory.usecases.documents import narrow_to_service


def merge_terraform(session: Session, content: str, filters: Filters) -> dict[str, Any]:
    """Return the columnar inventory with the file's nodes in it, and what of them is not used.

    :raises BadInput: the file is invalid.
    :raises Conflict: a node that only the file has would make a host and a group of one name.
    """
    file = read_terraform(content)
    states = _list_states(session, [row.node.node_id for row in file.rows])
    _check_groups(session, [row for row in file.rows if row.node.node_id not in states])
    rows = list_inventory_rows(session, narrow_to_service(filters))
    merge = merge_rows(rows, [row.node for row in file.rows], states, filters)
    warnings = [skip for skip in file.skipped if skip.kind == "warning"]
    return replace(merge, warnings=warnings).as_document(get_revision(session))


def _check_groups(session: Session, rows: Sequence[Row]) -> None:
    """Raise Conflict if a new node and a group would have one name; the errors name each node."""
    wanted = [row.node.model_dump(include={"node_id", "node_type"}) for row in rows]
    groups = GroupNameCheck(session, wanted)
    field_errors = []
    for row, fields in zip(rows, wanted, strict=True):
        try:
            groups.check(fields)
        except Conflict as error:
            field_errors += [
                FieldError(f"{row.address}.{one.field}", one.reason) for one in error.field_errors
            ]
    if field_errors:
        raise Conflict(
            f"{len(field_errors)} nodes of the file can't be hosts: Ansible can't distinguish "
            "a host from a group of the same name. Rename what is named.",
            field_errors=field_errors,
        )


def _list_states(session: Session, names: Sequence[str]) -> dict[str, str]:
    """Return the state of each node that is known; of a name's nodes the live one's."""
    states: dict[str, str] = {}
    for chunk in in_chunks(names):
        query = select(Node.node_id, Node.state).where(Node.node_id.in_(chunk))
        for node_id, state in session.execute(query):
            if state != NodeState.RETIRED.value or node_id not in states:
                states[node_id] = state
    return states

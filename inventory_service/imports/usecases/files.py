# SPDX-License-Identifier: Apache-2.0
"""Import a file of any format: plan what it would change, or record it."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.imports.domain.nodes_plan import NodesPlan
from inventory_service.imports.domain.projects_plan import ImportRequest, Plan
from inventory_service.imports.usecases.nodes import apply_nodes, plan_nodes
from inventory_service.imports.usecases.projects import apply_import, plan_import


def import_file(
    session: Session, actor: Actor, request: ImportRequest, *, allocator: AddressAllocator
) -> Plan | NodesPlan:
    """Return the plan of a file, recorded if the request asks to apply it.

    :raises BadInput: the file has errors, or the fleet lacks what its nodes refer to.
    :raises Conflict: the plan is not the one that was shown, or other nodes have its names.
    """
    run: Callable[..., Plan | NodesPlan]
    if request.format == "csv":
        run = apply_import if request.apply else plan_import
    else:
        run = apply_nodes if request.apply else plan_nodes
    return run(session, actor, request, allocator=allocator)

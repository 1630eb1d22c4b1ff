# SPDX-License-Identifier: Apache-2.0
"""Import a file of any format: read it, plan what it would change, and record the plan."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import Conflict
from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.imports.domain.nodes_plan import NodesPlan
from inventory_service.imports.domain.projects_plan import ImportRequest, Plan, check_retirements
from inventory_service.imports.usecases.nodes import NodesFile
from inventory_service.imports.usecases.projects import ProjectsFile

AnyPlan = TypeVar("AnyPlan", Plan, NodesPlan)


class ImportFile(Protocol[AnyPlan]):
    """A file that was read and checked; what needs no database is done."""

    request: ImportRequest

    def plan(self, session: Session) -> AnyPlan:
        """Return what must be recorded so that the fleet has what the file declares."""

    def record(
        self, session: Session, actor: Actor, plan: AnyPlan, *, allocator: AddressAllocator
    ) -> None:
        """Record a plan of this file."""


@dataclass(frozen=True)
class PlannedImport(Generic[AnyPlan]):
    """A plan, and the revision of the fleet that it was made for."""

    plan: AnyPlan
    revision: int


def read_file(request: ImportRequest) -> ImportFile[Any]:
    """Return the file of a request.

    :raises BadInput: it is invalid, or larger than one import may be.
    """
    return ProjectsFile(request) if request.format == "csv" else NodesFile(request)


def plan_import(session: Session, file: ImportFile[AnyPlan]) -> PlannedImport[AnyPlan]:
    """Return the plan of a file, which may be applied as the request asks for it.

    :raises BadInput: the fleet lacks what the nodes of the file refer to.
    :raises Conflict: it is not the plan that was shown, or it retires more nodes than it may.
    """
    plan = file.plan(session)
    if file.request.apply:
        _check_requested(file.request, plan)
    return PlannedImport(plan, get_revision(session))


def apply_import(
    session: Session,
    actor: Actor,
    file: ImportFile[AnyPlan],
    planned: PlannedImport[AnyPlan],
    *,
    allocator: AddressAllocator,
) -> AnyPlan:
    """Record a file, all or nothing; it is planned again if the fleet has changed meanwhile.

    :raises BadInput: as `plan_import`, or a node can't be registered or changed so.
    :raises Conflict: likewise.
    """
    plan = planned.plan
    if get_revision(session) != planned.revision:
        plan = plan_import(session, file).plan
    file.record(session, actor, plan, allocator=allocator)
    return plan


def _check_requested(request: ImportRequest, plan: Plan | NodesPlan) -> None:
    if request.plan_digest is not None and request.plan_digest != plan.digest:
        raise Conflict(
            "The fleet has changed since the plan was shown, and the plan with it. Nothing was "
            "changed. Look at the new plan and apply that one."
        )
    if isinstance(plan, Plan):
        check_retirements(plan, request.max_retire)

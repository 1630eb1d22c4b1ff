# SPDX-License-Identifier: Apache-2.0
"""Acts on projects: register, change, retire."""

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.projects import ProjectChange, ProjectRegistration
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.catalog import (
    change_entry,
    check_no_nodes,
    check_no_services,
    get_entry,
    register_entry,
    retire_entry,
)


def register_project(session: Session, actor: Actor, wanted: ProjectRegistration) -> Project:
    """Make a project known.

    :raises Conflict: the name is taken.
    """
    return register_entry(session, actor, Project, wanted.model_dump())


def change_project(
    session: Session,
    actor: Actor,
    name: str,
    change: ProjectChange,
    *,
    expected: Expected = None,
) -> Project:
    """Set what the change names.

    :raises NotFound: no such project.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired.
    """
    project = get_entry(session, Project, name)
    return change_entry(session, actor, project, change, expected=expected)


def retire_project(
    session: Session, actor: Actor, name: str, request: RetirementRequest
) -> Project:
    """End a project that has no nodes and no services left.

    :raises NotFound: no such project.
    :raises Conflict: it has nodes or services, or is retired already.
    """
    project = get_entry(session, Project, name)
    check_no_nodes(session, project, Node.project == name)
    check_no_services(session, project, Service.project == name)
    return retire_entry(session, actor, project, request)

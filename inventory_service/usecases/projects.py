# SPDX-License-Identifier: Apache-2.0
"""Acts on projects: register, change, retire, read."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory_service.domain.actors import Actor
from inventory_service.domain.clusters import RetirementRequest
from inventory_service.domain.errors import Conflict, NotFound
from inventory_service.domain.projects import ProjectChange, ProjectRegistration
from inventory_service.domain.revisions import Expected, check_expected
from inventory_service.storage.models import Node, Project, record


def register_project(session: Session, actor: Actor, wanted: ProjectRegistration) -> Project:
    """Make a project known.

    :raises Conflict: the name is taken.
    """
    if session.get(Project, wanted.project) is not None:
        raise Conflict(
            f"There is a project '{wanted.project}' already. Change it, or choose another name."
        )
    fields = wanted.model_dump(exclude={"reason"})
    entry = record(
        session, actor, "register", "project", wanted.project, after=fields, reason=wanted.reason
    )
    project = Project(**fields, created_at=datetime.now(UTC), revision=entry.revision)
    session.add(project)
    session.flush()
    return project


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
    :raises Stale: it is not as the caller expects it.
    :raises Conflict: it is retired.
    """
    project = get_project(session, name)
    check_expected(f"Project '{name}'", project.revision, expected)
    wanted = change.model_dump(include=change.model_fields_set - {"reason"})
    before = {field: getattr(project, field) for field in wanted}
    if wanted == before:
        return project
    _check_live(project)
    entry = record(
        session,
        actor,
        "change",
        "project",
        name,
        before=before,
        after=wanted,
        reason=change.reason,
    )
    for field, value in wanted.items():
        setattr(project, field, value)
    project.revision = entry.revision
    return project


def retire_project(
    session: Session, actor: Actor, name: str, request: RetirementRequest
) -> Project:
    """End a project that has no nodes left.

    :raises NotFound: no such project.
    :raises Conflict: it has nodes, or is retired already.
    """
    project = get_project(session, name)
    _check_live(project)
    count = session.execute(
        select(func.count()).where(Node.project == name, Node.state != "retired")
    ).scalar_one()
    if count:
        raise Conflict(
            f"Project '{name}' has {count} nodes. Retire them first: `qm node list --project "
            f"{name}` shows them."
        )
    entry = record(session, actor, "retire", "project", name, reason=request.reason)
    project.retired_at, project.revision = entry.at, entry.revision
    return project


def get_project(session: Session, name: str) -> Project:
    """Return the project.

    :raises NotFound: no such project.
    """
    project = session.get(Project, name)
    if project is None:
        raise NotFound(
            f"There is no project '{name[:64]}'. `qm project list` shows those that there are; "
            "`qm project add` makes one."
        )
    return project


def list_projects(session: Session, *, after: str | None, limit: int) -> Sequence[Project]:
    """Return projects by name, those after a name that was seen last."""
    query = select(Project).order_by(Project.project).limit(limit)
    return session.scalars(query if after is None else query.where(Project.project > after)).all()


def _check_live(project: Project) -> None:
    if project.retired_at is not None:
        raise Conflict(f"Project '{project.project}' is retired and can't change any more.")

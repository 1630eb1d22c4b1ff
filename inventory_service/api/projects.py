# SPDX-License-Identifier: Apache-2.0
"""Routes of projects."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.api.access import SECURITY, needs
from inventory_service.api.answers import PageQuery, answer_page, answer_thing, read_cursor
from inventory_service.api.parts import get_actor, get_database
from inventory_service.api.views import ProjectPage, ProjectView
from inventory_service.api.writing import read_expected, writes
from inventory_service.domain.actors import Scope
from inventory_service.domain.clusters import RetirementRequest
from inventory_service.domain.projects import ProjectChange, ProjectRegistration
from inventory_service.usecases import projects as acts

routes = APIBlueprint(
    "projects",
    __name__,
    url_prefix="/api/v1/projects",
    abp_tags=[Tag(name="projects")],
    abp_security=SECURITY,
)


class ProjectPath(BaseModel):
    """Which project."""

    project: str = Field(max_length=255)


@routes.get("", summary="List projects", responses={200: ProjectPage})
@needs(Scope.VIEWER)
def list_projects(query: PageQuery) -> Response:
    """Projects by name, retired ones too."""
    after = read_cursor(query, str)
    with get_database().reading() as session:
        projects = acts.list_projects(
            session, after=after[0] if after else None, limit=query.limit + 1
        )
        return answer_page(projects, query.limit, lambda project: (project.project,))


@routes.post("", summary="Register a project", responses={201: ProjectView})
@needs(Scope.OPERATOR)
@writes
def register_project(session: Session, body: ProjectRegistration) -> Response:
    """The project's name is not given again, not even after its retirement."""
    project = acts.register_project(session, get_actor(), body)
    return answer_thing(
        project, HTTPStatus.CREATED, location=f"/api/v1/projects/{quote(project.project, safe='')}"
    )


@routes.get("/<project>", summary="Show a project", responses={200: ProjectView})
@needs(Scope.VIEWER)
def show_project(path: ProjectPath) -> Response:
    """The project as it is now."""
    with get_database().reading() as session:
        return answer_thing(acts.get_project(session, path.project))


@routes.patch("/<project>", summary="Change a project", responses={200: ProjectView})
@needs(Scope.OPERATOR)
@writes
def change_project(session: Session, path: ProjectPath, body: ProjectChange) -> Response:
    """What is left out stays as it is."""
    project = acts.change_project(
        session, get_actor(), path.project, body, expected=read_expected()
    )
    return answer_thing(project)


@routes.post("/<project>/retirement", summary="Retire a project", responses={201: ProjectView})
@needs(Scope.OPERATOR)
@writes
def retire_project(session: Session, path: ProjectPath, body: RetirementRequest) -> Response:
    """Only a project without nodes can end."""
    project = acts.retire_project(session, get_actor(), path.project, body)
    return answer_thing(project, HTTPStatus.CREATED)

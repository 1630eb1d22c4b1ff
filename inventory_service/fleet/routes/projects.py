# SPDX-License-Identifier: Apache-2.0
"""Routes of projects."""

from inventory_service.fleet.domain.projects import ProjectChange, ProjectRegistration
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.fleet.routes.schemas import ProjectOut

CONTRACT = ResourceSpec(
    kind=Project,
    collection="projects",
    registration=ProjectRegistration,
    change=ProjectChange,
    view=ProjectOut,
    sortable=("project", "owner", "created_at", "retired_at"),
    end="Only a project without nodes and services can end.",
)
routes = make_routes(CONTRACT)

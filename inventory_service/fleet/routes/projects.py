# SPDX-License-Identifier: Apache-2.0
"""Routes of projects, which `make_routes` in ``catalog.py`` builds from the resource below.

GET   /api/v1/projects                       list
POST  /api/v1/projects                       register
GET   /api/v1/projects/<project>             show
PATCH /api/v1/projects/<project>             change
POST  /api/v1/projects/<project>/retirement  retire
"""

from inventory_service.fleet.domain.projects import ProjectChange, ProjectRegistration
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.fleet.routes.schemas import ProjectOut

RESOURCE = ResourceSpec(
    kind=Project,
    path="/api/v1/projects",
    registration=ProjectRegistration,
    change=ProjectChange,
    view=ProjectOut,
    sortable=("project", "owner", "created_at", "retired_at"),
    end="Only a project without live nodes and services can be retired.",
)
routes = make_routes(RESOURCE)

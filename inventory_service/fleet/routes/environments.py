# SPDX-License-Identifier: Apache-2.0
"""Routes of environments, which `make_routes` in ``catalog.py`` builds from the resource below.

GET   /api/v1/environments                           list
POST  /api/v1/environments                           register
GET   /api/v1/environments/<environment>             show
PATCH /api/v1/environments/<environment>             change
POST  /api/v1/environments/<environment>/retirement  retire
"""

from inventory_service.fleet.domain.environments import EnvironmentChange, EnvironmentRegistration
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.fleet.routes.schemas import EnvironmentOut

RESOURCE = ResourceSpec(
    kind=Environment,
    path="/api/v1/environments",
    registration=EnvironmentRegistration,
    change=EnvironmentChange,
    view=EnvironmentOut,
    sortable=("environment", "owner", "created_at", "retired_at"),
    end="Only an environment without live nodes and services can be retired.",
)
routes = make_routes(RESOURCE)

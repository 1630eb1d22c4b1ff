# SPDX-License-Identifier: Apache-2.0
"""Routes of services, which `make_routes` in ``catalog.py`` builds from the resource below.

GET   /api/v1/services                       list
POST  /api/v1/services                       register
GET   /api/v1/services/<service>             show
PATCH /api/v1/services/<service>             change
POST  /api/v1/services/<service>/retirement  retire
"""

from inventory_service.fleet.domain.services import ServiceChange, ServiceRegistration
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.fleet.routes.schemas import ServiceOut
from inventory_service.fleet.usecases.services import change_service, register_service

RESOURCE = ResourceSpec(
    kind=Service,
    path="/api/v1/services",
    registration=ServiceRegistration,
    change=ServiceChange,
    view=ServiceOut,
    sortable=(
        "service",
        "project",
        "environment",
        "port",
        "scrape_job",
        "created_at",
        "retired_at",
    ),
    register=register_service,
    update=change_service,
    end="Its port is not given again; its nodes stay.",
)
routes = make_routes(RESOURCE)

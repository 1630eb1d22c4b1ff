# SPDX-License-Identifier: Apache-2.0
"""Routes of workflows, which `make_routes` in ``fleet/routes/catalog.py`` builds.

GET   /api/v1/workflows                        list
POST  /api/v1/workflows                        register
GET   /api/v1/workflows/<workflow>             show
PATCH /api/v1/workflows/<workflow>             change
POST  /api/v1/workflows/<workflow>/retirement  retire
"""

from inventory_service.core.actors import Role
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.workflows.domain.workflows import WorkflowChange, WorkflowRegistration
from inventory_service.workflows.models.workflows import Workflow
from inventory_service.workflows.routes.schemas import WorkflowOut
from inventory_service.workflows.usecases.workflows import change_workflow, register_workflow

RESOURCE = ResourceSpec(
    kind=Workflow,
    path="/api/v1/workflows",
    registration=WorkflowRegistration,
    change=WorkflowChange,
    view=WorkflowOut,
    sortable=("workflow", "created_at", "retired_at"),
    register=register_workflow,
    update=change_workflow,
    role=Role.ADMIN,
    end="It can't be ordered any more; what has begun goes on.",
)
routes = make_routes(RESOURCE)

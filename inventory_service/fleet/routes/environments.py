# SPDX-License-Identifier: Apache-2.0
"""Routes of environments."""

from inventory_service.fleet.domain.environments import EnvironmentChange, EnvironmentRegistration
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.fleet.routes.schemas import EnvironmentOut

CONTRACT = ResourceSpec(
    kind=Environment,
    collection="environments",
    registration=EnvironmentRegistration,
    change=EnvironmentChange,
    view=EnvironmentOut,
    sortable=("environment", "owner", "created_at", "retired_at"),
    end="Only an environment without nodes and services can end.",
)
routes = make_routes(CONTRACT)

# SPDX-License-Identifier: Apache-2.0
"""Routes of environments."""

from inventory_service.fleet.domain.environments import EnvironmentChange, EnvironmentRegistration
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.fleet.routes.schemas import EnvironmentOut
from inventory_service.fleet.usecases import environments as acts

CONTRACT = ResourceSpec(
    kind=Environment,
    collection="environments",
    registration=EnvironmentRegistration,
    change=EnvironmentChange,
    view=EnvironmentOut,
    sortable=("environment", "owner", "created_at", "retired_at"),
    register=acts.register_environment,
    update=acts.change_environment,
    retire=acts.retire_environment,
    end="Only an environment without nodes and services can end.",
)
routes = make_routes(CONTRACT)

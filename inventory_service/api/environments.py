# SPDX-License-Identifier: Apache-2.0
"""Routes of environments."""

from inventory_service.api.named import Contract, make_routes
from inventory_service.api.views import EnvironmentView
from inventory_service.domain.environments import EnvironmentChange, EnvironmentRegistration
from inventory_service.storage.models import Environment
from inventory_service.usecases import environments as acts

CONTRACT = Contract(
    kind=Environment,
    collection="environments",
    registration=EnvironmentRegistration,
    change=EnvironmentChange,
    view=EnvironmentView,
    sortable=("environment", "owner", "created_at", "retired_at"),
    register=acts.register_environment,
    change_it=acts.change_environment,
    retire=acts.retire_environment,
    end="Only an environment without nodes and services can end.",
)
routes = make_routes(CONTRACT)

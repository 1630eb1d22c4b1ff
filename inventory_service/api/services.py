# SPDX-License-Identifier: Apache-2.0
"""Routes of services."""

from inventory_service.api.named import Contract, make_routes
from inventory_service.api.views import ServiceView
from inventory_service.domain.services import ServiceChange, ServiceRegistration
from inventory_service.storage.models import Service
from inventory_service.usecases import services as acts

CONTRACT = Contract(
    kind=Service,
    collection="services",
    registration=ServiceRegistration,
    change=ServiceChange,
    view=ServiceView,
    sortable=(
        "service",
        "project",
        "environment",
        "port",
        "scrape_job",
        "created_at",
        "retired_at",
    ),
    register=acts.register_service,
    change_it=acts.change_service,
    retire=acts.retire_service,
    end="Its port is not given again; its nodes stay.",
)
routes = make_routes(CONTRACT)

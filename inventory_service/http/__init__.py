# SPDX-License-Identifier: Apache-2.0
"""The HTTP door: each route is a declared contract over a short body."""

from flask_openapi3 import APIBlueprint, OpenAPI

from inventory_service.audit import denied_requests as refusals
from inventory_service.audit.routes import audit_log as audit
from inventory_service.audit.routes import changes
from inventory_service.fleet.routes import (
    clusters,
    environments,
    heartbeats,
    nodes,
    ports,
    projects,
    registrations,
    services,
    status,
)
from inventory_service.http import (
    auth as access,
)
from inventory_service.http import (
    health,
    metrics,
    problems,
    request_log,
    transactions,
)
from inventory_service.http import (
    openapi as documentation,
)
from inventory_service.http import (
    rate_limits as limits,
)
from inventory_service.identity import routes as tokens
from inventory_service.imports.routes import imports
from inventory_service.inventory.routes import inventory, known_hosts
from inventory_service.inventory.routes import scrape_targets as prometheus

_V1 = (
    audit,
    changes,
    clusters,
    environments,
    heartbeats,
    imports,
    inventory,
    known_hosts,
    nodes,
    ports,
    projects,
    prometheus,
    registrations,
    services,
    status,
    tokens,
)


def init_app(app: OpenAPI) -> None:
    """Hang all routes, checks and error answers into the application."""
    problems.init_app(app)
    # First to see a request, last to see its answer.
    request_log.init_app(app)
    # Before the checks, so that refused requests are counted too.
    registry = metrics.init_app(app)
    access.init_callers(app)
    limits.init_app(app, registry)
    access.init_app(app)
    refusals.init_app(app)
    transactions.init_app(app)
    routes: list[APIBlueprint] = [module.routes for module in _V1]
    for blueprint in routes:
        app.register_api(blueprint)
    app.register_api(inventory.first_routes)
    app.register_api(health.routes)
    documentation.init_app(app)
    access.assert_all_views_guarded(app)

# SPDX-License-Identifier: Apache-2.0
"""The application, joined from its parts, and the database that it uses."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson
import structlog
from flask import Flask
from flask.json.provider import JSONProvider
from flask_openapi3 import OpenAPI
from prometheus_client import CollectorRegistry
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix

from inventory_service.approvals.routes import routes as approval_routes
from inventory_service.audit import denied_requests
from inventory_service.audit.routes import change_routes
from inventory_service.audit.routes import routes as audit_routes
from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault
from inventory_service.database import open_database
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.heartbeat_batching import HeartbeatBatcher
from inventory_service.fleet.metrics import FleetCollector
from inventory_service.fleet.queries import Filters
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
    auth,
    browser_headers,
    health,
    metrics,
    openapi,
    problems,
    query_params,
    rate_limits,
    request_log,
    transactions,
)
from inventory_service.http.dependencies import EXTENSION, Dependencies
from inventory_service.http.responses import to_json
from inventory_service.identity.queries import KnownToken, find_token
from inventory_service.identity.routes import accounts, tokens
from inventory_service.identity.usecases.authentication import authenticate
from inventory_service.imports.routes import imports, terraform_merge
from inventory_service.inventory.domain import list_groups
from inventory_service.inventory.queries import list_inventory_rows
from inventory_service.inventory.routes import inventory, known_hosts, scrape_targets
from inventory_service.inventory.usecases.documents import InventoryDocuments
from inventory_service.logs import set_up_logs
from inventory_service.notifications.domain.destinations import Allowance
from inventory_service.notifications.routes import deliveries, notifications
from inventory_service.notifications.senders.addresses import Addresses
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.metrics import RunCollector
from inventory_service.runs.routes import reports, runs, template_imports, templates
from inventory_service.runs.runner.playbooks import list_playbooks
from inventory_service.runs.runner.plays import list_slice_obstacles
from inventory_service.runs.watching import RunWatcher
from inventory_service.schedules.routes import routes as schedule_routes
from inventory_service.settings import Settings
from inventory_service.webhooks.routes import deliveries as webhook_deliveries
from inventory_service.webhooks.routes import requests as webhook_requests
from inventory_service.webhooks.routes import webhooks
from inventory_service.workflows.routes import runs as workflow_runs
from inventory_service.workflows.routes import workflows

_log = structlog.get_logger(__name__)


_ROUTES = (
    accounts.routes,
    accounts.whoami_routes,
    approval_routes,
    audit_routes,
    change_routes,
    clusters.routes,
    deliveries.routes,
    environments.routes,
    heartbeats.routes,
    imports.routes,
    inventory.routes,
    terraform_merge.routes,
    known_hosts.routes,
    nodes.routes,
    notifications.routes,
    ports.routes,
    projects.routes,
    scrape_targets.routes,
    registrations.routes,
    reports.routes,
    runs.routes,
    schedule_routes,
    services.routes,
    status.routes,
    templates.routes,
    templates.playbook_routes,
    template_imports.routes,
    webhook_deliveries.routes,
    webhook_requests.routes,
    webhooks.routes,
    tokens.routes,
    workflow_runs.routes,
    workflows.routes,
    inventory.first_routes,
    health.routes,
)


class _JSON(JSONProvider):
    """JSON by orjson, which refuses invalid Unicode (lone surrogates)."""

    def dumps(self, obj: Any, **_options: Any) -> str:  # noqa: ANN401 - the signature of Flask
        return to_json(obj).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:  # noqa: ANN401 - the signature of Flask
        return orjson.loads(s)


def create_app(settings: Settings) -> Flask:
    """Return the service, ready to be served; the database must have its schema already."""
    app = make_routes()
    configure(app, settings)
    return app


def make_routes() -> OpenAPI:
    """Return an application with all routes and their document, which depend on no setting."""
    app = OpenAPI(
        "inventory_service",
        info=openapi.get_info(),
        security_schemes=openapi.SECURITY_SCHEMES,
        validation_error_status=422,
        validation_error_model=problems.Problem,
        validation_error_callback=problems.raise_validation_problem,
        doc_prefix=openapi.PREFIX,
    )
    # A redirect to the path without its double slash would go to whatever Host the client named.
    app.url_map.merge_slashes = False
    metrics.add_route(app)
    openapi.register_routes(app, _ROUTES)
    openapi.init_app(app)
    auth.assert_all_views_guarded(app)
    return app


def configure(app: OpenAPI, settings: Settings) -> None:
    """Give the application its settings, database, checks and error handlers."""
    set_up_logs(settings.log_level)
    app.json = _JSON(app)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies)  # type: ignore[method-assign] # as Flask's documents advise
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    database = open_database(settings, on_change=_log_outage)
    registry = CollectorRegistry()
    app.extensions[EXTENSION] = _make_dependencies(settings, database, registry)
    registry.register(FleetCollector(database))
    registry.register(RunCollector(database))
    _register(app, registry)


def make_run_sources(settings: Settings) -> RunSources:
    """Return what orders of runs are checked against, whichever process takes them."""
    vault = Vault(settings.secret_key_path)
    list_names = partial(list_playbooks, settings.playbooks_dir)
    list_obstacles = partial(list_slice_obstacles, settings.playbooks_dir)
    return RunSources(list_names, _list_targets, vault.seal, vault.open, list_obstacles)


def _make_dependencies(
    settings: Settings, database: Database, registry: CollectorRegistry
) -> Dependencies:
    components = (
        registry,
        InventoryDocuments(to_json),
        HeartbeatBatcher(database),
        AddressAllocator(settings.address_quarantine),
        make_run_sources(settings),
        RunWatcher(database.reading, threads=settings.threads),
        Vault(settings.secret_key_path),
        Addresses(Allowance.parse(settings.notify_allow)),
    )

    def find(token_id: str) -> KnownToken | None:
        with database.reading() as session:
            return find_token(session, token_id)

    return Dependencies(
        settings=settings,
        database=database,
        authenticate=partial(authenticate, find=find),
        components={type(component): component for component in components},
    )


def _list_targets(session: Session, filters: Filters) -> Iterator[Target]:
    """Yield the hosts that a run can have, with their groups, as the inventory has them."""
    for row in list_inventory_rows(session, filters):
        yield Target(row[0], list_groups(row))


def _register(app: OpenAPI, registry: CollectorRegistry) -> None:
    """Register all checks and error handlers with the application."""
    problems.init_app(app)
    browser_headers.init_app(app)
    # First to see a request, last to see its answer.
    request_log.init_app(app)
    # Before the checks, so that refused requests are counted too.
    metrics.init_app(app, registry)
    auth.init_callers(app)
    rate_limits.init_app(app, registry)
    auth.init_app(app)
    query_params.init_app(app)
    denied_requests.init_app(app)
    transactions.init_app(app)


def _log_outage(kind: str, reason: str | None) -> None:
    if reason is None:
        _log.warning("database available again", kind=kind)
    else:
        _log.error("database unavailable", kind=kind, reason=reason)

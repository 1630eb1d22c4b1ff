# SPDX-License-Identifier: Apache-2.0
"""Imports all models, so that Alembic and copies of a database see every table."""

from inventory_service.approvals import models as approvals
from inventory_service.core import audit_log, idempotency, revision
from inventory_service.core.database.base import Base
from inventory_service.fleet.models import (
    address_leases,
    clusters,
    environments,
    nodes,
    ports,
    projects,
    services,
)
from inventory_service.identity.models import accounts, tokens
from inventory_service.notifications.models import deliveries, notifications
from inventory_service.runs.models import reports, runs, slices, templates
from inventory_service.schedules import models as schedules
from inventory_service.webhooks.models import deliveries as webhook_deliveries
from inventory_service.webhooks.models import webhooks
from inventory_service.workflows.models import decisions as workflow_decisions
from inventory_service.workflows.models import runs as workflow_runs
from inventory_service.workflows.models import workflows

__all__ = [
    "Base",
    "accounts",
    "address_leases",
    "approvals",
    "audit_log",
    "clusters",
    "deliveries",
    "environments",
    "idempotency",
    "nodes",
    "notifications",
    "ports",
    "projects",
    "reports",
    "revision",
    "runs",
    "schedules",
    "services",
    "slices",
    "templates",
    "tokens",
    "webhook_deliveries",
    "webhooks",
    "workflow_decisions",
    "workflow_runs",
    "workflows",
]

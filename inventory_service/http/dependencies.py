# SPDX-License-Identifier: Apache-2.0
"""What ``app.py`` hands to the views."""

from dataclasses import dataclass
from typing import cast

from flask import current_app, g

from inventory_service.core.actors import Actor
from inventory_service.core.database.engine import Database
from inventory_service.fleet.heartbeat_batching import HeartbeatBatcher
from inventory_service.identity.token_cache import KnownTokens
from inventory_service.inventory.usecases.documents import InventoryDocuments
from inventory_service.settings import Settings

EXTENSION = "quartermaster"


@dataclass(frozen=True)
class Dependencies:
    """The parts that a request works with."""

    settings: Settings
    database: Database
    documents: InventoryDocuments
    heartbeats: HeartbeatBatcher
    tokens: KnownTokens


def get_dependencies() -> Dependencies:
    """Return the parts of the application that answers this request."""
    return cast("Dependencies", current_app.extensions[EXTENSION])


def get_database() -> Database:
    """Return the database of the application that answers this request."""
    return get_dependencies().database


def get_actor() -> Actor:
    """Return who makes this request; ``access.py`` has found out before the view runs."""
    return cast("Actor", g.actor)

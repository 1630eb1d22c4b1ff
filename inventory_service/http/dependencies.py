# SPDX-License-Identifier: Apache-2.0
"""What ``app.py`` hands to the views."""

from dataclasses import dataclass
from typing import cast

from flask import current_app, g

from inventory_service.core.actors import Actor
from inventory_service.core.database.engine import Database
from inventory_service.fleet.heartbeat_batching import Gathering
from inventory_service.identity.token_cache import KnownTokens
from inventory_service.inventory.usecases.documents import InventoryDocuments
from inventory_service.settings import Settings

EXTENSION = "quartermaster"


@dataclass(frozen=True)
class Parts:
    """The parts that a request works with."""

    settings: Settings
    database: Database
    documents: InventoryDocuments
    heartbeats: Gathering
    tokens: KnownTokens


def get_parts() -> Parts:
    """Return the parts of the application that answers this request."""
    return cast("Parts", current_app.extensions[EXTENSION])


def get_database() -> Database:
    """Return the database of the application that answers this request."""
    return get_parts().database


def get_actor() -> Actor:
    """Return who makes this request; ``access.py`` has found out before the view runs."""
    return cast("Actor", g.actor)

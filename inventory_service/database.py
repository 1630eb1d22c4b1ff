# SPDX-License-Identifier: Apache-2.0
"""The database of the settings, opened; apart from the application, which takes long to import."""

from inventory_service.core.database.availability import OutageCallback
from inventory_service.core.database.engine import Database, ignore_change
from inventory_service.settings import Settings


def open_database(settings: Settings, *, on_change: OutageCallback = ignore_change) -> Database:
    """Return the database of the settings; the caller disposes of its engine."""
    return Database(
        settings.database_url,
        lock_timeout_s=settings.lock_timeout_s,
        connections=settings.most_connections,
        on_change=on_change,
    )

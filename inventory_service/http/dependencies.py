# SPDX-License-Identifier: Apache-2.0
"""What ``app.py`` hands to the views."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from flask import current_app, g

from inventory_service.core.actors import Actor, Channel
from inventory_service.core.database.engine import Database
from inventory_service.settings import Settings

EXTENSION = "quartermaster"
Component = TypeVar("Component")


@dataclass(frozen=True)
class Dependencies:
    """What requests share: settings, database, and what capabilities keep between requests."""

    settings: Settings
    database: Database
    #: Returns who shows a token, from its text and the channel of the request.
    authenticate: Callable[[str, Channel], Actor]
    #: The objects that capabilities keep between requests, each by its class.
    components: Mapping[type, object]

    def get(self, kind: type[Component]) -> Component:
        """Return the component of a class."""
        return cast("Component", self.components[kind])


def get_dependencies() -> Dependencies:
    """Return what the application that answers this request was made with."""
    return cast("Dependencies", current_app.extensions[EXTENSION])


def get_database() -> Database:
    """Return the database of the application that answers this request."""
    return get_dependencies().database


def get_component(kind: type[Component]) -> Component:
    """Return what a capability keeps between requests."""
    return get_dependencies().get(kind)


def get_actor() -> Actor:
    """Return who makes this request; ``auth.py`` has found out before the view runs."""
    return cast("Actor", g.actor)

# SPDX-License-Identifier: Apache-2.0
"""The objects that ``app.py`` makes once and views use: settings, database, components."""

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
    """The objects that all requests share."""

    settings: Settings
    database: Database
    #: Returns the actor of a token, from its text and the channel of the request.
    authenticate: Callable[[str, Channel], Actor]
    #: The objects that capabilities keep between requests, each by its class.
    components: Mapping[type, object]

    def get(self, kind: type[Component]) -> Component:
        """Return the component of a class."""
        return cast("Component", self.components[kind])


def get_dependencies() -> Dependencies:
    """Return the dependencies of the application that answers this request."""
    return cast("Dependencies", current_app.extensions[EXTENSION])


def get_database() -> Database:
    """Return the database of the application that answers this request."""
    return get_dependencies().database


def get_component(kind: type[Component]) -> Component:
    """Return the component of a class, which a capability keeps between requests."""
    return get_dependencies().get(kind)


def get_actor() -> Actor:
    """Return the actor of this request, which ``auth.py`` sets before the view runs."""
    return cast("Actor", g.actor)

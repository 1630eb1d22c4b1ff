# SPDX-License-Identifier: Apache-2.0
"""A view finds the parts of the application that answers its request, not of another one."""

from typing import cast

import pytest
from flask import Flask, g

from inventory_service.core.database.engine import Database
from inventory_service.http.dependencies import (
    EXTENSION,
    Dependencies,
    get_actor,
    get_component,
    get_database,
    get_dependencies,
)
from inventory_service.settings import Settings
from tests.service.conftest import ACTOR


class Counter:
    """A component."""


def make(database: object) -> tuple[Flask, Dependencies]:
    app = Flask("test")
    dependencies = Dependencies(
        settings=Settings(database_url="sqlite://"),
        database=cast("Database", database),
        authenticate=lambda _text, _channel: ACTOR,
        components={Counter: Counter()},
    )
    app.extensions[EXTENSION] = dependencies
    return app, dependencies


def test_each_application_has_its_own_parts() -> None:
    for app, dependencies in (make(object()), make(object())):
        with app.test_request_context():
            assert get_dependencies() is dependencies
            assert get_database() is dependencies.database
            assert get_component(Counter) is dependencies.components[Counter]


def test_a_component_that_was_not_registered_is_an_error() -> None:
    app, _ = make(object())
    with app.test_request_context(), pytest.raises(KeyError):
        get_component(dict)


def test_the_actor_belongs_to_the_request() -> None:
    app, _ = make(object())
    with app.test_request_context():
        g.actor = ACTOR
        assert get_actor() is ACTOR
    with app.test_request_context(), pytest.raises(AttributeError):
        get_actor()

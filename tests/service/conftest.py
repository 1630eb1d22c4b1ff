# SPDX-License-Identifier: Apache-2.0
"""A service of one's own for each test: a database, its application, and tokens of each scope."""

from __future__ import annotations

import copy
import functools
import gc
import os
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inventory_service.core.actors import Actor, Channel, Scope

# Rules are tested without web framework and database: tests/architecture/test_rules_alone.py.
if TYPE_CHECKING:
    from flask import Flask, Response
    from flask.testing import FlaskClient
    from flask_openapi3 import OpenAPI
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from inventory_service.core.database.engine import Database
    from inventory_service.settings import Settings
    from tests.service import postgres

ACTOR = Actor("tester", Channel.API, Scope.ADMIN)
#: What `configure` and libraries change of an application.
_OWN = (
    "config",
    "extensions",
    "error_handler_spec",
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "teardown_appcontext_funcs",
)


def pytest_collection_finish() -> None:
    """Spare the collector all modules and tests, which live as long as the process."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings must not change a result."""
    for name in [name for name in os.environ if name.startswith("QM_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file, copied for each test: migrating takes longer than most tests."""
    from inventory_service.core.database.schema import upgrade  # noqa: PLC0415 (rules are tested without it)

    path = tmp_path_factory.mktemp("template") / "fleet.sqlite"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    """A PostgreSQL with a migrated database to be copied, started for the first test on it."""
    from inventory_service.core.database.schema import upgrade  # noqa: PLC0415 (rules are tested without it)
    from tests.service import postgres  # noqa: PLC0415 (rules are tested without it)

    with postgres.running() as server:
        upgrade(server.create(postgres.TEMPLATE))
        server.learn(postgres.TEMPLATE)
        yield server


@pytest.fixture(scope="session")
def engines() -> Callable[..., Engine]:
    """`open_engine`, which opens an engine once: a new one compiles each statement anew.

    Listeners of a test are its own, as each call returns another view of the engine.
    """
    from inventory_service.core.database.engine import open_engine  # noqa: PLC0415 (rules are tested without it)

    kept = functools.cache(open_engine)
    return lambda url, **options: kept(url, **options).execution_options()


@pytest.fixture(scope="session")
def sqlite_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database of each test is, one after the other."""
    return tmp_path_factory.mktemp("sqlite") / "fleet.sqlite"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest,
    engines: Callable[..., Engine],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """An empty fleet; each test that has one runs on both databases."""
    monkeypatch.setattr("inventory_service.core.database.engine.open_engine", engines)
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("sqlite_path")
        for old in path.parent.iterdir():
            old.unlink()
        path.write_bytes(request.getfixturevalue("template").read_bytes())
        yield f"sqlite:///{path}"
        return
    from tests.service import postgres  # noqa: PLC0415 (rules are tested without it)

    server: postgres.Postgres = request.getfixturevalue("server")
    if server.emptied:
        name = server.emptied.pop()
        yield server.url(name)
    else:
        name = f"fleet_{uuid.uuid4().hex}"
        yield server.create(name, template=postgres.TEMPLATE)
    if server.empty(name):
        server.emptied.append(name)
    else:
        server.drop(name)


@pytest.fixture
def store(database_url: str) -> Iterator[Database]:
    """An empty fleet without an application around it, for use cases and queries."""
    from inventory_service.core.database.engine import Database  # noqa: PLC0415 (rules are tested without it)

    store = Database(database_url)
    yield store
    store.engine.dispose()


@pytest.fixture
def settings(database_url: str) -> Settings:
    from inventory_service.settings import Settings  # noqa: PLC0415 (rules are tested without it)

    return Settings(database_url=database_url)


@pytest.fixture(scope="session")
def routes() -> OpenAPI:
    """All routes, registered once: that takes longer than most tests."""
    from inventory_service.app import make_routes  # noqa: PLC0415 (rules are tested without it)

    return make_routes()


def copy_routes(routes: OpenAPI) -> OpenAPI:
    """Return an application that has the routes in common with others, and nothing else."""
    app = copy.copy(routes)
    for name in _OWN:
        setattr(app, name, copy.deepcopy(getattr(routes, name)))
    return app


@pytest.fixture
def make_app(routes: OpenAPI) -> Iterator[Callable[[Settings], Flask]]:
    """A way to make applications, whose connections are closed at the end."""
    from inventory_service.app import configure  # noqa: PLC0415 (rules are tested without it)
    from inventory_service.http.dependencies import EXTENSION  # noqa: PLC0415 (rules are tested without it)

    made: list[Flask] = []

    def make(settings: Settings) -> Flask:
        app = copy_routes(routes)
        configure(app, settings)
        app.after_request(partial(check_documented, app))
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions[EXTENSION].database.engine.dispose()


def check_documented(app: Flask, response: Response) -> Response:
    """Fail the test whose request was answered by a status that OpenAPI does not list for it."""
    from flask import request  # noqa: PLC0415 (rules are tested without it)

    rule = request.url_rule
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) if rule else ""
    operation = app.api_doc["paths"].get(path, {}).get(request.method.lower())  # type: ignore[attr-defined] # flask-openapi3's
    if operation is not None and response.status_code != HTTPStatus.NOT_MODIFIED:
        assert str(response.status_code) in operation["responses"], (path, response.data)
    return response


@pytest.fixture
def app(make_app: Callable[[Settings], Flask], settings: Settings) -> Flask:
    return make_app(settings)


@pytest.fixture
def database(app: Flask) -> Database:
    from inventory_service.http.dependencies import EXTENSION  # noqa: PLC0415 (rules are tested without it)

    database: Database = app.extensions[EXTENSION].database
    return database


@dataclass(frozen=True)
class Caller:
    """Somebody with a token who calls the API and checks the status of each answer."""

    client: FlaskClient
    token: str | None

    def call(self, method: str, path: str, *, status: int, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        answer = self.client.open(path, method=method, headers=headers, **options)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer

    def get(self, path: str, *, status: int = 200, **options: Any) -> Any:
        return self.call("GET", path, status=status, **options).json

    def post(self, path: str, body: Any, *, status: int = 201, **options: Any) -> Any:
        return self.call("POST", path, status=status, json=body, **options).json

    def patch(self, path: str, body: Any, *, status: int = 200, **options: Any) -> Any:
        return self.call("PATCH", path, status=status, json=body, **options).json


def provide_accounts(session: Session, *actors: Actor) -> None:
    """Give each actor an account, with the roles of its scope, unless it has one."""
    from inventory_service.identity.usecases.accounts import provide_account  # noqa: PLC0415 (rules are tested without it)

    for actor in actors:
        provide_account(session, ACTOR, actor.account, actor.scope)


def make_caller(app: Flask, scope: Scope) -> Caller:
    from inventory_service.http.dependencies import EXTENSION  # noqa: PLC0415 (rules are tested without it)
    from inventory_service.identity.domain.tokens import TokenRequest  # noqa: PLC0415 (rules are tested without it)
    from inventory_service.identity.usecases.tokens import create_token  # noqa: PLC0415 (rules are tested without it)

    with app.extensions[EXTENSION].database.writing() as session:
        _, text = create_token(session, ACTOR, TokenRequest(name=f"test-{scope}", scope=scope))
    return Caller(app.test_client(), text)


@pytest.fixture
def admin(app: Flask) -> Caller:
    return make_caller(app, Scope.ADMIN)


@pytest.fixture
def operator(app: Flask) -> Caller:
    return make_caller(app, Scope.OPERATOR)


@pytest.fixture
def viewer(app: Flask) -> Caller:
    return make_caller(app, Scope.VIEWER)


@pytest.fixture
def stranger(app: Flask) -> Caller:
    return Caller(app.test_client(), None)


@pytest.fixture
def cluster(operator: Caller) -> str:
    """A cluster with room for 254 nodes."""
    operator.post("/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"})
    return "main"


def make_node(caller: Caller, node_id: str, *, state: str = "planned", **fields: Any) -> Any:
    """Register a node and take it to a state by the legal way."""
    body = {"node_id": node_id, "node_type": "web", "cluster_id": "main"} | fields
    caller.post("/api/v1/nodes", body)
    ways = {
        "planned": [],
        "provisioning": ["provisioning"],
        "active": ["provisioning", "active"],
        "failed": ["provisioning", "failed"],
        "maintenance": ["provisioning", "active", "maintenance"],
        "retired": ["retired"],
    }
    for step in ways[state]:
        caller.post(f"/api/v1/nodes/{node_id}/transitions", {"state": step})
    return caller.get(f"/api/v1/nodes/{node_id}")

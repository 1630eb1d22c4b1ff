# SPDX-License-Identifier: Apache-2.0
"""A copy of the fleet that follows changes is the one that is read anew, whatever has happened."""

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from inventory_service.app import create_app
from inventory_service.core.actors import Scope
from inventory_service.core.database.engine import Database
from inventory_service.http.dependencies import EXTENSION
from inventory_service.http.responses import to_json
from inventory_service.inventory.chunks import Host, make_chunks
from inventory_service.inventory.usecases.documents import InventoryDocuments
from inventory_service.settings import Settings
from tests.service import postgres
from tests.service.conftest import Caller, make_caller, make_node

#: Names of which some begin a section of their own.
NAMES = [f"n-{number}" for number in range(12)] + [
    section.hosts[0].name
    for section in make_chunks(Host(f"n-{number}", (), ()) for number in range(2_000))[1:7]
]
QUESTIONS: list[tuple[str, dict[str, list[str]]]] = [
    ("ansible", {}),
    ("ansible", {"state": ["any"]}),
    ("columns", {}),
    ("columns", {"state": ["any"], "region": ["lon1", "fra1"]}),
    ("columns", {"cluster": ["main"], "project": ["shop"], "state": ["planned", "active"]}),
    ("first", {}),
]


class Acts:
    """Random acts on a fleet; those that are not possible now are refused, which is no matter."""

    def __init__(self, caller: Caller, seed: int) -> None:
        self._caller = caller
        self._random = random.Random(seed)  # noqa: S311 - a story that can be repeated
        self._acts = [
            self._register,
            self._register_many,
            self._change,
            self._change,
            self._move,
            self._move,
            self._move,
            self._restore,
            self._change_cluster,
            self._change_project,
            self._change_service,
        ]

    def act(self) -> None:
        self._random.choice(self._acts)()

    def _send(self, method: str, path: str, body: Any) -> None:
        headers = {"Authorization": f"Bearer {self._caller.token}"}
        path = f"/api/v1/{path}"
        answer = self._caller.client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code in {200, 201, 409}, answer.get_data(as_text=True)

    def _fields(self) -> dict[str, Any]:
        choose = self._random.choice
        return {
            "node_type": choose(["web", "data-store"]),
            "cluster_id": choose(["main", "other"]),
            "region": choose([None, "lon1", "fra1"]),
            "project": choose([None, "shop"]),
            "environment": choose([None, "prod"]),
            "internal_ip": f"10.0.{self._random.randrange(250)}.{self._random.randrange(1, 250)}",
            "vars": {"motd": choose(["hello", "{{ x }}", "ü"])},
        }

    def _name(self) -> str:
        return self._random.choice(NAMES)

    def _register(self) -> None:
        self._send("POST", "nodes", {"node_id": self._name()} | self._fields())

    def _register_many(self) -> None:
        names = self._random.sample(NAMES, 3)
        self._send(
            "POST", "registrations", {"nodes": [{"node_id": n} | self._fields() for n in names]}
        )

    def _change(self) -> None:
        fields = self._fields()
        wanted = self._random.sample(sorted(fields), 2)
        self._try(f"nodes/{self._name()}", {name: fields[name] for name in wanted}, "PATCH")

    def _move(self) -> None:
        state = self._random.choice(["provisioning", "active", "maintenance", "failed", "retired"])
        self._try(f"nodes/{self._name()}/transitions", {"state": state}, "POST")

    def _restore(self) -> None:
        self._try(f"nodes/{self._name()}/restoration", {}, "POST")

    def _try(self, path: str, body: Any, method: str) -> None:
        known = self._caller.client.get(
            f"/api/v1/nodes/{path.split('/')[1]}",
            headers={"Authorization": f"Bearer {self._caller.token}"},
        )
        if known.status_code == 200:
            self._send(method, path, body)

    def _change_cluster(self) -> None:
        port = self._random.randrange(20_000, 60_000)
        self._send("PATCH", "clusters/main", {"mesh_port": port})

    def _change_project(self) -> None:
        owner = str(self._random.random())
        self._send("PATCH", "projects/shop", {"owner": owner})

    def _change_service(self) -> None:
        types = self._random.choice([[], ["web"], ["web", "data-store"]])
        live = self._caller.get("/api/v1/nodes?limit=1000")["items"]
        names = self._random.sample([node["node_id"] for node in live], 2)
        self._send("PATCH", "services/api", {"node_types": types, "nodes": names})


def prepare(caller: Caller) -> None:
    for name, prefix in (("main", "10.90.0.0/24"), ("other", "10.91.0.0/24")):
        caller.post("/api/v1/clusters", {"cluster_id": name, "mesh_prefix": prefix})
    caller.post("/api/v1/projects", {"project": "shop"})
    service = {"service": "api", "project": "shop", "environment": "prod", "node_types": ["web"]}
    caller.post("/api/v1/services", service)


def compare(database: Database, documents: InventoryDocuments) -> int:
    """Compare each document with that of a service that has just started; return the revision."""
    for form, filters in QUESTIONS:
        with database.reading() as session:
            followed = documents.get(session, form, filters)
        with database.reading() as session:
            anew = InventoryDocuments(to_json).get(session, form, filters)
        assert b"".join(followed.read()) == b"".join(anew.read()), (form, filters)
        assert followed.gzip == anew.gzip, (form, filters)
        assert followed.etag == anew.etag, (form, filters)
    return followed.revision


@pytest.mark.soak(short=25, long=500)
@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_so_after_each_of_many_acts(
    app: Flask, database: Database, seed: int, rounds: int
) -> None:
    caller = make_caller(app, Scope.OPERATOR)
    prepare(caller)
    acts, documents = Acts(caller, seed), InventoryDocuments(to_json)
    for name in NAMES[::2]:
        make_node(caller, name, state="failed")
    begun = compare(database, documents)
    for _ in range(rounds):
        acts.act()
        compare(database, documents)
    done = compare(database, documents) - begun
    assert done > rounds / 3, "hardly an act did anything: the test has shown nothing"


def test_a_name_of_a_retired_node_is_that_of_the_live_one(
    operator: Caller, database: Database
) -> None:
    """The former node comes back to mind with its cluster, and is still nobody's business."""
    prepare(operator)
    documents = InventoryDocuments(to_json)
    make_node(operator, "n-1", state="retired", cluster_id="other")
    make_node(operator, "n-1", state="failed", cluster_id="main")
    make_node(operator, "n-2", state="retired", cluster_id="other")
    compare(database, documents)
    operator.patch("/api/v1/clusters/other", {"mesh_port": 40_000})
    compare(database, documents)


@pytest.fixture
def restored(
    request: pytest.FixtureRequest, operator: Caller, database: Database, tmp_path: Path
) -> Iterator[Flask]:
    """An application on the database as it is put back from a backup of now."""
    prepare(operator)
    url = database.engine.url
    database.engine.dispose()
    if url.get_backend_name() == "sqlite":
        backup = f"sqlite:///{tmp_path}/backup.sqlite"
        _copy_file(str(url.database), f"{tmp_path}/backup.sqlite")
    else:
        server: postgres.Postgres = request.getfixturevalue("server")
        backup = server.create(f"{url.database}_backup", template=str(url.database))
    app = create_app(Settings(database_url=backup))
    yield app
    app.extensions[EXTENSION].database.engine.dispose()
    if url.get_backend_name() != "sqlite":
        server.drop(f"{url.database}_backup")


def _copy_file(source: str, target: str) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as known,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        known.backup(copy)


@pytest.mark.parametrize("later", [0, 3, 5, 8], ids="{} acts later".format)
def test_it_is_so_when_the_database_was_restored(
    operator: Caller, database: Database, restored: Flask, later: int
) -> None:
    """The revision is then lower than, equal to or higher than the one that was seen."""
    documents = InventoryDocuments(to_json)
    for number in range(5):
        make_node(operator, f"lost-{number}")
    compare(database, documents)
    caller = Caller(restored.test_client(), operator.token)
    for number in range(later):
        make_node(caller, f"new-{number}")
    compare(restored.extensions[EXTENSION].database, documents)
    make_node(caller, "n-1", state="failed")
    compare(restored.extensions[EXTENSION].database, documents)

# SPDX-License-Identifier: Apache-2.0
"""Two services on one database behind one address: nobody reads what is older than what he knows.

A real nginx gives each request to the other one of them.
"""

import concurrent.futures
import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from inventory_service.http.transactions import REVISION_HEADER
from tests.e2e.service.fleets import make_bodies, make_cluster
from tests.e2e.service.process import Process
from tests.e2e.service.proxy import WHO, one_address
from tests.service.postgres import Postgres

WRITERS = 3
READERS = 5
#: How many nodes each writer registers, and changes once.
NODES = 20
NODE = "/api/v1/nodes/same-0"
PATHS = (
    "/api/v1/inventory",
    "/api/v1/inventory?format=columns&state=any",
    "/api/v1/nodes?limit=1000",
    "/api/v1/nodes?limit=10&sort=-revision&fields=node_id",
    "/api/v1/nodes/w0-0",
    "/api/v1/status",
    "/api/v1/changes?since=1",
    "/api/v1/prometheus/targets?state=any",
    "/api/v1/ssh/known_hosts",
)


@dataclass(frozen=True)
class Pair:
    """Two services, and the address before both."""

    services: tuple[Process, Process]
    url: str

    def ask(self, session: requests.Session, method: str, path: str, **options: Any) -> Any:
        return session.request(method, self.url + path, timeout=60, **options)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two services that stay for all tests here: to start them takes longer than most."""
    folder = tmp_path_factory.mktemp("two")
    url = f"sqlite:///{folder}/fleet.sqlite"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("server")
        url = server.create("two_services")
    first = Process(folder, QM_DATABASE_URL=url)
    second = Process(folder, QM_DATABASE_URL=url, token=first.token)
    try:
        for service in (first, second):
            service.start()
        make_cluster(first)
        with one_address(folder / "nginx", [first, second]) as address:
            yield Pair((first, second), address)
    finally:
        for service in (first, second):
            service.kill()
        if request.param == "postgresql":
            server.drop("two_services")


@dataclass
class Known:
    """The newest revision that anybody was told of, and what was seen to come from where."""

    revision: int = 0
    is_over: bool = False
    told: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, answer: requests.Response, *, at_least: int) -> int:
        """Check that an answer is not from before what was known when it was asked for."""
        assert answer.status_code in {200, 201, 304}, answer.text
        revision = int(answer.headers[REVISION_HEADER])
        path = answer.request.path_url
        assert revision >= at_least, f"{path} of {revision} after {at_least} was told"
        with self._lock:
            self.revision = max(self.revision, revision)
            self.told[answer.headers[WHO]].append(revision)
        return revision


def write(pair: Pair, known: Known, name: str) -> list[int]:
    """Register nodes and change each; return the revisions that this made."""
    made = []
    with pair.services[0].make_session() as session:
        for body in make_bodies(name, NODES):
            path = f"/api/v1/nodes/{body['node_id']}"
            for method, where, sent in (
                ("POST", "/api/v1/nodes", body),
                ("PATCH", path, {"region": "fra"}),
            ):
                before = known.revision
                answer = pair.ask(session, method, where, json=sent)
                made.append(known.note(answer, at_least=before + 1))
            shown = pair.ask(session, "GET", path)
            known.note(shown, at_least=made[-1])
            assert shown.json()["region"] == "fra"
    return made


def read(pair: Pair, known: Known, turn: int) -> None:
    """Read until the writers are done, as one who keeps what he has while it is the newest."""
    etags: dict[str, str] = {}
    with pair.services[0].make_session() as session:
        for path in itertools.cycle(PATHS[turn:] + PATHS[:turn]):
            if known.is_over:
                return
            before = known.revision
            kept = {"If-None-Match": etags[path]} if path in etags else {}
            answer = pair.ask(session, "GET", path, headers=kept)
            if path == "/api/v1/nodes/w0-0" and answer.status_code == 404:
                continue  # not there yet; that it is not missing later, its writer sees
            revision = known.note(answer, at_least=before)
            if path == "/api/v1/status":
                assert answer.json()["revision"] == revision
            if "ETag" in answer.headers:
                etags[path] = answer.headers["ETag"]


def test_no_answer_is_older_than_what_anybody_was_told_before_it_was_asked_for(
    pair: Pair,
) -> None:
    known = Known()
    with concurrent.futures.ThreadPoolExecutor(WRITERS + READERS) as pool:
        readers = [pool.submit(read, pair, known, turn) for turn in range(READERS)]
        try:
            writers = [pool.submit(write, pair, known, f"w{turn}") for turn in range(WRITERS)]
            made = [revision for writer in writers for revision in writer.result()]
        finally:
            known.is_over = True
        for reader in readers:
            reader.result()
    # Each change has a revision of its own, whichever service made it.
    assert len(made) == len(set(made)) == 2 * WRITERS * NODES
    assert len(known.told) == 2
    assert min(map(len, known.told.values())) > NODES


def test_what_one_service_has_made_the_other_one_shows_at_once(pair: Pair) -> None:
    path = "/api/v1/inventory?state=any"
    for number, place in enumerate([0, 1] * 5):
        here, there = pair.services[place], pair.services[1 - place]
        kept = there.session.get(there.url + path, timeout=30).headers["ETag"]
        (body,) = make_bodies(f"n{number}", 1)
        made = here.post("/api/v1/nodes", body)
        again = {"If-None-Match": kept}
        shown = there.session.get(there.url + path, headers=again, timeout=30)
        assert shown.status_code == 200
        assert body["node_id"] in shown.json()["_meta"]["hostvars"]
        assert shown.headers[REVISION_HEADER] == made.headers[REVISION_HEADER]


@pytest.mark.parametrize("path", ["/api/v1/inventory?state=any", "/api/inventory", NODE])
def test_what_one_service_gave_the_other_one_knows_to_be_the_newest(pair: Pair, path: str) -> None:
    first, second = pair.services
    # Made by the first of these tests only.
    assert first.post("/api/v1/nodes", make_bodies("same", 1)[0]).status_code in {201, 409}
    one, other = (service.session.get(service.url + path, timeout=30) for service in pair.services)
    assert one.content == other.content
    assert one.headers["ETag"] == other.headers["ETag"]
    kept = {"If-None-Match": one.headers["ETag"]}
    assert second.session.get(second.url + path, headers=kept, timeout=30).status_code == 304


def test_when_one_is_killed_the_other_one_goes_on_from_the_same_revision(pair: Pair) -> None:
    session = pair.services[0].session
    made = pair.ask(session, "POST", "/api/v1/projects", json={"project": "before"})
    pair.services[0].kill()
    for _ in range(4):
        shown = pair.ask(session, "GET", "/api/v1/projects/before")
        assert shown.status_code == 200
        assert shown.headers[REVISION_HEADER] == made.headers[REVISION_HEADER]
    after = pair.ask(session, "POST", "/api/v1/projects", json={"project": "after"})
    assert int(after.headers[REVISION_HEADER]) == int(made.headers[REVISION_HEADER]) + 1

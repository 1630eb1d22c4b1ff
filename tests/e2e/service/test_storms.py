# SPDX-License-Identifier: Apache-2.0
"""Many clients at once: each race is decided once, nothing is lost, nothing is given twice."""

import concurrent.futures
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import requests

from tests.e2e.service.fleets import MANY, list_nodes, make_bodies, make_cluster
from tests.e2e.service.process import Process

CLIENTS = 50
#: How often a client that is told to come back later does so.
TRIES = 20
Act = Callable[[requests.Session, int], Any]


def at_once(process: Process, act: Act, *, clients: int = CLIENTS) -> list[Any]:
    """Return what the act gave to each client; all begin at the same moment."""
    start = threading.Barrier(clients)

    def run(number: int) -> Any:
        with process.make_session() as session:
            start.wait()
            return act(session, number)

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return list(pool.map(run, range(clients)))


def test_of_a_hundred_registrations_of_one_node_exactly_one_wins(process: Process) -> None:
    make_cluster(process)

    def register(session: requests.Session, number: int) -> tuple[int, int]:
        bodies = make_bodies("web", 1) + make_bodies(f"own{number}", 1)
        first, second = (
            session.post(f"{process.url}/api/v1/nodes", json=body, timeout=60).status_code
            for body in bodies
        )
        return first, second

    results = at_once(process, register, clients=100)
    assert Counter(first for first, _ in results) == {201: 1, 409: 99}
    assert {second for _, second in results} == {201}
    nodes = list(list_nodes(process))
    assert len(nodes) == 101
    assert len({node["wireguard_ip"] for node in nodes}) == 101


def test_thousands_of_nodes_register_at_once_and_none_is_lost(process: Process) -> None:
    make_cluster(process)
    before = process.get("/api/v1/status")["revision"]
    bodies = iter(make_bodies("n", MANY))
    lock = threading.Lock()

    def take() -> Any:
        with lock:
            return next(bodies, None)

    def register(session: requests.Session, _number: int) -> Counter[int]:
        seen: Counter[int] = Counter()
        for body in iter(take, None):
            seen.update(_post_with_patience(session, f"{process.url}/api/v1/nodes", body))
        return seen

    seen = sum(at_once(process, register), Counter())
    assert set(seen) <= {201, 503}
    assert seen[201] == MANY
    nodes = list(list_nodes(process))
    assert {node["node_id"] for node in nodes} == {f"n-{number}" for number in range(MANY)}
    assert len({node["wireguard_ip"] for node in nodes}) == MANY
    assert len({node["revision"] for node in nodes}) == MANY
    assert process.get("/api/v1/status")["revision"] == before + MANY


def _post_with_patience(session: requests.Session, url: str, body: Any) -> Iterable[int]:
    """Yield the status of each answer; 503 is taken for an answer as long as it says when."""
    for _ in range(TRIES):
        answer = session.post(url, json=body, timeout=60)
        yield answer.status_code
        if answer.status_code != 503:
            assert answer.status_code == 201, answer.text
            return
        threading.Event().wait(int(answer.headers["Retry-After"]))


def test_in_a_storm_of_changes_exactly_one_wins_each_revision(process: Process) -> None:
    make_cluster(process)
    made = process.post("/api/v1/nodes", make_bodies("web", 1)[0]).json()
    url = f"{process.url}/api/v1/nodes/web-0"

    def change(session: requests.Session, number: int) -> list[tuple[int, int, str]]:
        """Change the node five times; tell (status, revision expected, mark wanted)."""
        told = []
        for turn in range(5):
            revision = session.get(url, timeout=60).json()["revision"]
            mark = f"{number}-{turn}"
            answer = session.patch(
                url,
                json={"labels": {"mark": mark}},
                headers={"If-Match": f'"{revision}"'},
                timeout=60,
            )
            told.append((answer.status_code, revision, mark))
        return told

    told = list(itertools.chain.from_iterable(at_once(process, change)))
    assert {status for status, _, _ in told} == {200, 412}
    won = [(revision, mark) for status, revision, mark in told if status == 200]
    changes = check_chain(process)
    # Each winner changed the very revision that it had read, and no revision was changed twice.
    revisions = [made["revision"], *(entry["revision"] for entry in changes)]
    marks = [entry["after"]["labels"]["mark"] for entry in changes]
    assert sorted(won) == list(zip(revisions[:-1], marks, strict=True))


def test_a_storm_of_changes_without_conditions_keeps_each_in_some_order(process: Process) -> None:
    make_cluster(process)
    assert process.post("/api/v1/nodes", make_bodies("web", 1)[0]).status_code == 201

    def change(session: requests.Session, number: int) -> int:
        body = {"labels": {"mark": str(number)}}
        return session.patch(f"{process.url}/api/v1/nodes/web-0", json=body, timeout=60).status_code

    assert set(at_once(process, change)) == {200}
    marks = [entry["after"]["labels"]["mark"] for entry in check_chain(process)]
    assert Counter(marks) == Counter(str(number) for number in range(CLIENTS))


def check_chain(process: Process) -> list[dict[str, Any]]:
    """Return the records of the node's changes, oldest first: each begins where one ended."""
    newest_first = process.get("/api/v1/audit?noun=node&subject=web-0&limit=1000")["items"]
    changes = [entry for entry in reversed(newest_first) if entry["action"] == "change"]
    for earlier, later in itertools.pairwise(changes):
        assert later["before"] == earlier["after"]
        assert later["revision"] > earlier["revision"]
    node = process.get("/api/v1/nodes/web-0")
    assert node["labels"] == changes[-1]["after"]["labels"]
    assert node["revision"] == changes[-1]["revision"]
    return changes

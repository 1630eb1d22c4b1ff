# SPDX-License-Identifier: Apache-2.0
"""Heartbeats: written together, refused one by one, and none lost that was answered."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from inventory_service.core.clock import max_plausible_time
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import NotFound, ServiceError, Unavailable
from inventory_service.fleet.heartbeat_batching import HeartbeatBatcher
from inventory_service.fleet.models.nodes import Node
from inventory_service.http.dependencies import EXTENSION
from tests.service.conftest import Caller, make_node

pytestmark = pytest.mark.usefixtures("cluster")
PATH = "/api/v1/heartbeats"


@pytest.fixture
def nodes(operator: Caller) -> list[str]:
    names = [f"web-{number}" for number in range(20)]
    rows = [{"node_id": name, "node_type": "web", "cluster_id": "main"} for name in names]
    operator.post("/api/v1/registrations", {"nodes": rows})
    return names


def read_seen(database: Database) -> dict[str, datetime | None]:
    with database.reading() as session:
        return {name: seen for name, seen in session.execute(select(Node.node_id, Node.last_seen))}  # noqa: C416 - rows are no tuples to the type checker


def set_seen(database: Database, node_id: str, seen: datetime) -> None:
    with database.writing() as session:
        session.execute(update(Node).where(Node.node_id == node_id).values(last_seen=seen))


def test_a_relay_brings_many_and_learns_which_are_refused(
    operator: Caller, nodes: list[str], database: Database
) -> None:
    make_node(operator, "old", state="retired")
    before = operator.get("/api/v1/status")["revision"]
    answer = operator.post(PATH, {"nodes": [*nodes, nodes[0], "nobody", "old"]}, status=200)
    assert answer["noted"] == len(nodes)
    assert [refused["node_id"] for refused in answer["refused"]] == ["nobody", "old"]
    assert "retired" in answer["refused"][1]["reason"]
    assert operator.get("/api/v1/status")["revision"] == before
    assert {name for name, seen in read_seen(database).items() if seen} == set(nodes)


@pytest.mark.parametrize("names", [[], ["a b"], ["x"] * 1001, "web-1"])
def test_a_report_that_is_none_is_refused_whole(operator: Caller, names: object) -> None:
    operator.post(PATH, {"nodes": names}, status=422)


def store_while_held(
    batcher: HeartbeatBatcher, database: Database, first: str, others: list[str]
) -> list[Future[Mapping[str, ServiceError]]]:
    """Store one, and the others while its transaction is held up."""
    has_come, may_go = threading.Event(), threading.Event()

    def hold(_connection: object) -> None:
        has_come.set()
        assert may_go.wait(10)

    event.listen(database.engine, "begin", hold)
    with ThreadPoolExecutor(len(others) + 1) as pool:
        stored = [pool.submit(batcher.store, [first])]
        assert has_come.wait(10)
        stored += [pool.submit(batcher.store, [name]) for name in others]
        _await(lambda: len(batcher._waiting) == len(others))
        may_go.set()
    event.remove(database.engine, "begin", hold)
    return stored


def test_heartbeats_that_wait_are_written_in_one_transaction(
    app: Flask, nodes: list[str], database: Database
) -> None:
    batcher: HeartbeatBatcher = app.extensions[EXTENSION].get(HeartbeatBatcher)
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    stored = store_while_held(batcher, database, nodes[0], [*nodes[1:], "nobody"])
    refused = [each.result() for each in stored]
    assert len(commits) == 2
    assert refused[:-1] == [{}] * len(nodes)
    assert isinstance(refused[-1]["nobody"], NotFound)
    assert all(read_seen(database).values())


def test_when_they_cannot_be_written_each_of_those_who_wait_is_told(
    app: Flask, nodes: list[str], database: Database
) -> None:
    batcher: HeartbeatBatcher = app.extensions[EXTENSION].get(HeartbeatBatcher)

    def fail(_connection: object) -> None:
        raise Unavailable("The database is locked.")

    event.listen(database.engine, "commit", fail)
    stored = store_while_held(batcher, database, nodes[0], nodes[1:3])
    assert [type(each.exception()) for each in stored] == [Unavailable] * 3
    event.remove(database.engine, "commit", fail)
    # Nothing of it is left for those who come later.
    assert batcher.store([nodes[5]]) == {}
    assert [name for name, seen in read_seen(database).items() if seen] == [nodes[5]]


def test_a_node_is_not_seen_earlier_than_before_but_for_a_clock_that_was_far_ahead(
    operator: Caller, nodes: list[str], database: Database
) -> None:
    now = datetime.now(UTC)
    near, far = now + timedelta(seconds=40), max_plausible_time(now) + timedelta(days=300)
    set_seen(database, nodes[0], near)
    set_seen(database, nodes[1], far)
    operator.post(PATH, {"nodes": nodes[:2]}, status=200)
    seen = read_seen(database)
    assert seen[nodes[0]] == near
    assert seen[nodes[1]] is not None
    assert now <= seen[nodes[1]] < near


def _await(is_done: Callable[[], bool], timeout_s: float = 10) -> None:
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.01)):
        if is_done():
            return
        pause.wait(0.01)
    raise AssertionError("not in time")

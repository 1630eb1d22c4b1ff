# SPDX-License-Identifier: Apache-2.0
"""Each answer that comes from the fleet tells the revision that its own transaction saw."""

from typing import Any

from inventory_service.http.transactions import REVISION_HEADER
from tests.service.conftest import Caller, make_node


def ask(caller: Caller, method: str, path: str, status: int, **options: Any) -> int | None:
    """Return the revision that an answer tells, or None."""
    told = caller.call(method, path, status=status, **options).headers.get(REVISION_HEADER)
    return None if told is None else int(told)


def get_revision(caller: Caller) -> int:
    """Return the fleet's revision as the body of an answer has it."""
    revision: int = caller.get("/api/v1/status")["revision"]
    return revision


def test_a_change_tells_its_own_revision_and_reading_tells_the_last_one(
    operator: Caller, cluster: str
) -> None:
    before = get_revision(operator)
    body = {"node_id": "web-1", "node_type": "web", "cluster_id": cluster}
    assert ask(operator, "POST", "/api/v1/nodes", 201, json=body) == before + 1
    for path in ("/api/v1/nodes", "/api/v1/nodes/web-1", "/api/v1/inventory", "/api/inventory"):
        assert ask(operator, "GET", path, 200) == before + 1, path
    same = {"region": None}
    assert ask(operator, "PATCH", "/api/v1/nodes/web-1", 200, json=same) == before + 1


def test_an_answer_without_a_body_tells_it_too(operator: Caller, cluster: str) -> None:
    make_node(operator, "web-1", cluster_id=cluster)
    revision = get_revision(operator)
    for path in ("/api/v1/nodes/web-1", "/api/v1/inventory"):
        etag = operator.call("GET", path, status=200).headers["ETag"]
        assert ask(operator, "GET", path, 304, headers={"If-None-Match": etag}) == revision


def test_a_refusal_tells_the_revision_at_which_it_was_refused(
    operator: Caller, cluster: str
) -> None:
    node = make_node(operator, "web-1", cluster_id=cluster)
    revision = get_revision(operator)
    taken = {"node_id": "web-1", "node_type": "web", "cluster_id": cluster}
    stale = {"json": {"region": "fra"}, "headers": {"If-Match": f'"{node["revision"] - 1}"'}}
    assert ask(operator, "POST", "/api/v1/nodes", 409, json=taken) == revision
    assert ask(operator, "PATCH", "/api/v1/nodes/web-1", 412, **stale) == revision
    assert ask(operator, "GET", "/api/v1/nodes/web-2", 404) == revision
    assert get_revision(operator) == revision


def test_an_answer_from_the_record_tells_the_revision_of_today(
    operator: Caller, cluster: str
) -> None:
    again = {"json": {"project": "shop"}, "headers": {"Idempotency-Key": "k"}}
    first = ask(operator, "POST", "/api/v1/projects", 201, **again)
    make_node(operator, "web-1", cluster_id=cluster)
    assert ask(operator, "POST", "/api/v1/projects", 201, **again) == get_revision(operator)
    assert first is not None
    assert first < get_revision(operator)


def test_who_is_told_nothing_of_the_fleet_is_not_told_its_revision(
    stranger: Caller, viewer: Caller
) -> None:
    assert ask(stranger, "GET", "/api/v1/nodes", 401) is None
    assert ask(viewer, "POST", "/api/v1/nodes", 403, json={}) is None
    assert ask(viewer, "GET", "/api/v1/nodes?limit=0", 422) is None
    assert ask(stranger, "GET", "/health/ready", 200) is None


def test_a_heartbeat_is_no_change_and_tells_no_revision(operator: Caller, cluster: str) -> None:
    make_node(operator, "web-1", cluster_id=cluster)
    assert ask(operator, "POST", "/api/v1/nodes/web-1/heartbeat", 204) is None

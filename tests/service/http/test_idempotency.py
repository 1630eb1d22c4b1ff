# SPDX-License-Identifier: Apache-2.0
"""A request that is sent twice acts once, and a change may be bound to what was read."""

import concurrent.futures
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from inventory_service.core.actors import Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.idempotency import KEPT_FOR, IdempotentResponse, store_response
from inventory_service.core.retention import count_stored
from inventory_service.http.dependencies import EXTENSION
from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_caller, make_node

KEY = {"Idempotency-Key": "7b1c"}
BODY = {"project": "shop"}


def test_a_post_that_is_sent_again_is_answered_again_and_acts_once(operator: Caller) -> None:
    first = operator.call("POST", "/api/v1/projects", status=201, json=BODY, headers=KEY)
    before = operator.get("/api/v1/status")["revision"]
    again = operator.call("POST", "/api/v1/projects", status=201, json=BODY, headers=KEY)
    assert again.get_data() == first.get_data()
    for name in ("Content-Type", "ETag", "Location"):
        assert again.headers[name] == first.headers[name]
    assert operator.get("/api/v1/status")["revision"] == before


def test_a_key_of_another_request_is_refused(operator: Caller) -> None:
    operator.post("/api/v1/projects", BODY, headers=KEY)
    problem = operator.post("/api/v1/projects", {"project": "blog"}, headers=KEY, status=422)
    assert "used for another request" in problem["detail"]
    operator.post("/api/v1/ports", BODY, headers=KEY, status=422)
    assert len(operator.get("/api/v1/projects")["items"]) == 1


def test_keys_of_two_people_do_not_meet(operator: Caller, admin: Caller) -> None:
    operator.post("/api/v1/projects", BODY, headers=KEY)
    admin.post("/api/v1/projects", {"project": "blog"}, headers=KEY)


def test_a_refusal_is_not_kept(operator: Caller) -> None:
    node = {"node_id": "web-1", "node_type": "web", "cluster_id": "main"}
    operator.post("/api/v1/nodes", node, headers=KEY, status=422)
    operator.post("/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"})
    operator.post("/api/v1/nodes", node, headers=KEY)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_that_is_none_is_refused(operator: Caller, key: str) -> None:
    operator.post("/api/v1/projects", BODY, headers={"Idempotency-Key": key}, status=422)


def test_many_at_once_with_one_key_act_once(app: Flask) -> None:
    operator = make_caller(app, Scope.OPERATOR)

    def send(_number: int) -> bytes:
        caller = Caller(app.test_client(), operator.token)
        answer = caller.call("POST", "/api/v1/projects", status=201, json=BODY, headers=KEY)
        return answer.get_data()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(16)))
    assert len(answers) == 1
    assert len(operator.get("/api/v1/projects")["items"]) == 1


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/nodes/web-1", {"region": "eu"}),
        ("/api/v1/clusters/main", {"region": "eu"}),
        ("/api/v1/projects/shop", {"owner": "Ada"}),
    ],
)
def test_a_change_of_what_was_changed_meanwhile_is_refused(
    operator: Caller, path: str, body: dict[str, str]
) -> None:
    operator.post("/api/v1/projects", BODY)
    make_node(operator, "web-1")
    read = operator.call("GET", path, status=200).headers["ETag"]
    changed = operator.call("PATCH", path, status=200, json=body, headers={"If-Match": read})
    other = dict.fromkeys(body)
    problem = operator.patch(path, other, status=412, headers={"If-Match": read})
    assert "has changed since it was read" in problem["detail"]
    now = {"If-Match": f'"0", {changed.headers["ETag"]}'}
    operator.patch(path, other, headers=now)
    operator.patch(path, body, headers={"If-Match": "*"})


@pytest.mark.parametrize("form", ['W/"{}"', '"{}-gzip"', '"{};br"', 'W/"{}-zstd"'])
def test_an_etag_that_a_proxy_has_changed_is_understood(operator: Caller, form: str) -> None:
    operator.post("/api/v1/projects", BODY)
    etag = operator.call("GET", "/api/v1/projects/shop", status=200).headers["ETag"]
    sent = {"If-Match": form.format(etag.strip('"'))}
    path, body = "/api/v1/projects/shop", {"owner": "Ada"}
    operator.patch(path, body, headers=sent)
    operator.patch(path, {"owner": "Bea"}, headers=sent, status=412)


@pytest.mark.parametrize("sent", ["12", "W/12", '"abc"', '"1", x', "", '"12'])
def test_what_is_no_etag_is_refused_by_name_and_not_as_a_change(
    operator: Caller, sent: str
) -> None:
    operator.post("/api/v1/projects", BODY)
    change = {"owner": "Ada"}
    headers = {"If-Match": sent}
    problem = operator.patch("/api/v1/projects/shop", change, headers=headers, status=422)
    assert [error["field"] for error in problem["errors"]] == ["If-Match"]


def test_who_adds_records_makes_room_for_them(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"audit_retention_days": 7}))
    operator, viewer = make_caller(app, Scope.OPERATOR), make_caller(app, Scope.VIEWER)
    database = app.extensions[EXTENSION].database

    def age_all() -> None:
        with database.writing() as session:
            session.execute(update(AuditRecord).values(at=datetime.now(UTC) - timedelta(days=8)))
            store_response(session, "somebody", "old", "x", status=200, headers={}, body=b"")
            session.execute(
                update(IdempotentResponse).values(created_at=datetime.now(UTC) - KEPT_FOR * 2)
            )

    def count() -> tuple[int, int]:
        with database.reading() as session:
            kept = count_stored(session)
            return kept.records, kept.answers

    age_all()
    operator.post("/api/v1/projects", {"project": "shop"})
    assert count() == (1, 0)
    age_all()
    operator.post("/api/v1/projects", {"project": "blog"}, headers=KEY)
    assert count() == (1, 1)
    age_all()
    viewer.get("/api/v1/tokens", status=403)
    assert count() == (1, 0)
    # Reading, and acts that change nothing, leave it alone.
    age_all()
    operator.get("/api/v1/projects")
    operator.patch("/api/v1/projects/blog", {"owner": None})
    assert count() == (1, 1)

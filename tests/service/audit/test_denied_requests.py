# SPDX-License-Identifier: Apache-2.0
"""Who was refused what stands in the audit."""

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from inventory_service.audit.denied_requests import Denial, RefusalRecorder
from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.revision import next_revision
from inventory_service.identity.models.tokens import Token
from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_node


def refusals(admin: Caller) -> list[tuple[Any, ...]]:
    found = admin.get("/api/v1/audit?noun=request")["items"]
    return [(one["actor"], one["subject"], one["after"]["status"]) for one in found]


def test_refused_acts_and_scopes_are_recorded_and_are_no_change(
    admin: Caller, operator: Caller, viewer: Caller
) -> None:
    before = viewer.get("/api/v1/status")["revision"]
    operator.post("/api/v1/projects", {"project": "a b"}, status=422)
    viewer.post("/api/v1/projects", {"project": "shop"}, status=403)
    viewer.get("/api/v1/tokens", status=403)
    assert refusals(admin) == [
        ("test-viewer", "GET /api/v1/tokens", 403),
        ("test-viewer", "POST /api/v1/projects", 403),
        ("test-operator", "POST /api/v1/projects", 422),
    ]
    assert viewer.get("/api/v1/status")["revision"] == before
    assert viewer.get(f"/api/v1/changes?since={before}")["items"] == []
    assert "needs operator" in admin.get("/api/v1/audit?noun=request")["items"][1]["reason"]


def test_strangers_and_questions_cost_no_write(admin: Caller, stranger: Caller) -> None:
    stranger.post("/api/v1/projects", {"project": "shop"}, status=401)
    admin.get("/api/v1/nodes?limit=0", status=422)
    admin.get("/api/v1/nodes/nobody", status=404)
    assert refusals(admin) == []


def test_a_token_never_stands_in_the_audit(admin: Caller) -> None:
    admin.post("/api/v1/tokens", {"name": "a b"}, status=422)
    made = admin.post("/api/v1/tokens", {"name": "ci"})
    audit = admin.call("GET", "/api/v1/audit", status=200).get_data(as_text=True)
    assert made["token"] not in audit
    # qm_<id>_<secret>, and the secret may hold another underscore.
    assert made["token"].split("_", 2)[2] not in audit


def test_a_refusal_that_cites_a_nul_is_recorded(operator: Caller, admin: Caller) -> None:
    body = {"node_id": "a", "node_type": "web", "cluster_id": "main", "labels": {"\0": ""}}
    operator.post("/api/v1/nodes", body, status=422)
    assert "\N{SYMBOL FOR NULL}" in admin.get("/api/v1/audit?noun=request")["items"][0]["reason"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/api/v1/nodes/nobody"),
        ("POST", "/api/v1/nodes/nobody/restoration"),
        ("PATCH", "/api/v1/projects/nothing"),
        ("POST", "/api/v1/clusters/nowhere/retirement"),
        ("POST", "/api/v1/tokens/nobody/revocation"),
    ],
)
def test_an_act_on_what_there_is_not_is_recorded(admin: Caller, method: str, path: str) -> None:
    admin.call(method, path, status=404, json={})
    assert refusals(admin) == [("test-admin", f"{method} {path}", 404)]
    assert "There is no" in admin.get("/api/v1/audit?noun=request")["items"][0]["reason"]


@pytest.mark.parametrize("end", ["expires_at", "revoked_at"])
def test_a_token_that_has_ended_is_named_in_audit_and_log_without_its_secret(
    admin: Caller, database: Database, app: Flask, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    made = admin.post("/api/v1/tokens", {"name": "ci", "scope": "operator"})
    past = datetime.now(UTC) - timedelta(hours=1)
    with database.writing() as session:
        session.execute(update(Token).where(Token.name == "ci").values({end: past}))
    caller = Caller(app.test_client(), made["token"])
    capsys.readouterr()

    caller.get("/api/v1/nodes", status=401)
    caller.post("/api/v1/projects", {"project": "shop"}, status=401)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["actor"], line["door"]) for line in lines] == [("ci", "api")] * 2
    records = admin.get("/api/v1/audit?noun=request")["items"]
    assert refusals(admin) == [
        ("ci", "POST /api/v1/projects", 401),
        ("ci", "GET /api/v1/nodes", 401),
    ]
    word = "expired" if end == "expires_at" else "was revoked"
    assert [one["reason"] for one in records] == [f"The token {made['token_id']} {word}."] * 2
    assert made["token"][-43:] not in json.dumps([lines, records])


def test_whoever_knows_the_name_of_a_token_only_stays_a_stranger(
    admin: Caller, app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    made = admin.post("/api/v1/tokens", {"name": "ci"})
    admin.post(f"/api/v1/tokens/{made['token_id']}/revocation", {})
    capsys.readouterr()
    guess = f"qm_{made['token_id']}_{'A' * 43}"
    Caller(app.test_client(), guess).post("/api/v1/projects", {}, status=401)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["actor"] is None
    assert refusals(admin) == []


def test_what_is_too_much_costs_no_write(
    make_app: Callable[[Settings], Flask], settings: Settings, operator: Caller, admin: Caller
) -> None:
    app = make_app(settings.model_copy(update={"limit_account_per_min": 1}))
    limited = Caller(app.test_client(), operator.token)
    limited.get("/api/v1/nodes")
    limited.post("/api/v1/projects", {"project": "shop"}, status=429)
    assert refusals(admin) == []


@pytest.mark.usefixtures("cluster")
def test_a_heartbeat_that_was_refused_is_recorded(
    admin: Caller, operator: Caller, viewer: Caller
) -> None:
    make_node(operator, "gone", state="retired")
    operator.call("POST", "/api/v1/nodes/nobody/heartbeat", status=404)
    operator.call("POST", "/api/v1/nodes/gone/heartbeat", status=409)
    operator.post("/api/v1/heartbeats", {"nodes": []}, status=422)
    viewer.call("POST", "/api/v1/nodes/gone/heartbeat", status=403)
    assert refusals(admin) == [
        ("test-viewer", "POST /api/v1/nodes/gone/heartbeat", 403),
        ("test-operator", "POST /api/v1/heartbeats", 422),
        ("test-operator", "POST /api/v1/nodes/gone/heartbeat", 409),
        ("test-operator", "POST /api/v1/nodes/nobody/heartbeat", 404),
    ]


def test_who_is_refused_again_and_again_fills_no_database(
    admin: Caller, viewer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory_service.audit.domain.MOST_A_DAY", 3)
    for number in range(20):
        viewer.post(f"/api/v1/nodes/n{number}/transitions", {"state": "active"}, status=403)
    found = admin.get("/api/v1/audit?noun=request&sort=id")["items"]
    assert [(one["subject"].split("/")[4], one["after"].get("times")) for one in found] == [
        ("n0", None), ("n1", None), ("n2", None), ("n3", 4), ("n7", 8), ("n15", 16),
    ]  # fmt: skip


class NoticedDatabase(Database):
    """A database that shows when somebody begins to write."""

    def __init__(self, url: str) -> None:
        super().__init__(url, lock_timeout_s=60)
        self.is_asked = threading.Event()

    def writing(self) -> AbstractContextManager[Session]:
        self.is_asked.set()
        return super().writing()


def test_only_one_thread_waits_for_the_lock_to_record_refusals(database_url: str) -> None:
    """What only reads is denied, too, and its threads go on."""
    database = NoticedDatabase(database_url)
    recorder = RefusalRecorder(database, None)
    actor = Actor("grafana", Channel.API, Scope.VIEWER)
    denial = Denial(actor, "GET /api/v1/tokens", "403 GET", 403, "needs admin")
    first = threading.Thread(target=recorder.add, args=(denial,))
    with database.writing() as session:
        next_revision(session)
        database.is_asked.clear()
        first.start()
        assert database.is_asked.wait(60)
        for _ in range(5):
            recorder.add(denial)
    first.join()
    recorder.add(denial)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditRecord)) == 7
    database.engine.dispose()

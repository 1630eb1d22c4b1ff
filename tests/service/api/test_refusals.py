# SPDX-License-Identifier: Apache-2.0
"""Who was refused what stands in the audit."""

from typing import Any

from tests.service.conftest import Caller


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
    assert made["token"].rpartition("_")[2] not in audit


def test_a_refusal_that_cites_a_nul_is_recorded(operator: Caller, admin: Caller) -> None:
    body = {"node_id": "a", "node_type": "web", "cluster_id": "main", "labels": {"\0": ""}}
    operator.post("/api/v1/nodes", body, status=422)
    assert "\N{SYMBOL FOR NULL}" in admin.get("/api/v1/audit?noun=request")["items"][0]["reason"]

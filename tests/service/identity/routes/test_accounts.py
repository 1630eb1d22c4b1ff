# SPDX-License-Identifier: Apache-2.0
"""Accounts over HTTP: what a change does to the very next request of their tokens."""

from typing import Any

from flask import Flask
from sqlalchemy import event

from inventory_service.core.database.engine import Database
from tests.service.conftest import Caller

ACCOUNTS = "/api/v1/accounts"


def add(admin: Caller, app: Flask, role: str, **token: Any) -> Caller:
    """Return somebody with an account, one role in all projects, and a token."""
    admin.post(ACCOUNTS, {"account": "ann", "description": "Ann"})
    admin.post(f"{ACCOUNTS}/ann/roles", {"role": role})
    made = admin.post("/api/v1/tokens", {"name": "laptop", "account": "ann"} | token)
    assert made["account"] == "ann"
    return Caller(app.test_client(), made["token"])


def test_a_role_and_a_disabled_account_hold_from_the_next_request_on(
    admin: Caller, app: Flask
) -> None:
    ann = add(admin, app, "operator", scope="operator")
    ann.post("/api/v1/projects", {"project": "shop"})
    admin.post(f"{ACCOUNTS}/ann/roles/revocation", {"role": "operator"})
    refused = ann.get("/api/v1/nodes", status=403)
    who = "Account 'ann', by token 'laptop' of the scope operator, has no role, and this needs"
    assert refused["detail"].startswith(f"{who} viewer")
    admin.post(f"{ACCOUNTS}/ann/roles", {"role": "viewer"})
    ann.get("/api/v1/nodes")
    ann.post("/api/v1/projects", {"project": "other"}, status=403)
    admin.post(f"{ACCOUNTS}/ann/disablement", {"reason": "left"})
    ann.get("/api/v1/nodes", status=401)
    assert admin.get(f"{ACCOUNTS}/ann")["disabled_by"] == "test-admin"
    admin.post(f"{ACCOUNTS}/ann/enablement", {})
    ann.get("/api/v1/nodes")


def test_the_scope_of_a_token_is_the_ceiling_of_its_accounts_roles(
    admin: Caller, app: Flask
) -> None:
    ann = add(admin, app, "admin", scope="viewer")
    ann.get("/api/v1/nodes")
    ann.post("/api/v1/projects", {"project": "shop"}, status=403)
    ann.get("/api/v1/tokens", status=403)
    shown = ann.get("/api/v1/whoami")
    assert shown == {
        "account": "ann",
        "token": "laptop",
        "scope": "viewer",
        "roles": [{"role": "viewer", "project": None}],
    }


def test_the_audit_names_the_account_and_the_token(admin: Caller, app: Flask) -> None:
    ann = add(admin, app, "operator", scope="operator")
    ann.post("/api/v1/projects", {"project": "shop"})
    ann.get("/api/v1/tokens", status=403)
    found = admin.get("/api/v1/audit?actor=ann&sort=id")["items"]
    assert [(one["action"], one["actor"], one["token"]) for one in found] == [
        ("register", "ann", "laptop"),
        ("refuse", "ann", "laptop"),
    ]
    assert admin.get("/api/v1/audit?actor=laptop")["items"] == []


def test_an_account_is_changed_listed_and_shown(admin: Caller) -> None:
    made = admin.call("POST", ACCOUNTS, status=201, json={"account": "ann"})
    assert made.headers["Location"].endswith("/api/v1/accounts/ann")
    admin.post(ACCOUNTS, {"account": "ann"}, status=409)
    headers = {"If-Match": made.headers["ETag"]}
    admin.patch(f"{ACCOUNTS}/ann", {"kind": "program"}, headers=headers)
    admin.patch(f"{ACCOUNTS}/ann", {"kind": "person"}, headers=headers, status=412)
    names = admin.get(f"{ACCOUNTS}?fields=account,kind")["items"]
    assert names == [
        {"account": "ann", "kind": "program"},
        {"account": "test-admin", "kind": "program"},
    ]
    assert "no account 'ghost'" in admin.get(f"{ACCOUNTS}/ghost", status=404)["detail"]
    admin.post(f"{ACCOUNTS}/ann/roles", {"role": "owner"}, status=422)


def test_the_last_admin_stays(admin: Caller) -> None:
    admin.post(f"{ACCOUNTS}/test-admin/disablement", {}, status=409)
    admin.post(f"{ACCOUNTS}/test-admin/roles/revocation", {"role": "admin"}, status=409)
    admin.get(f"{ACCOUNTS}/test-admin")


def test_to_know_who_asks_takes_one_query_however_many_roles(
    admin: Caller, app: Flask, database: Database
) -> None:
    ann = add(admin, app, "operator", scope="operator")
    for project in ("shop", "bank"):
        ann.post("/api/v1/projects", {"project": project})
        admin.post(f"{ACCOUNTS}/ann/roles", {"role": "operator", "project": project})
    statements: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    ann.get("/health/live")
    ann.get("/api/v1/nodes", headers={"Authorization": f"Bearer {ann.token}"})
    assert len([one for one in statements if "tokens" in one or "account" in one]) == 1

# SPDX-License-Identifier: Apache-2.0
"""Tokens over HTTP: shown once, listed without their secrets, revoked for good."""

import pytest

from tests.service.conftest import Caller


def test_only_the_answer_that_creates_a_token_holds_it_and_is_not_cached(admin: Caller) -> None:
    body = {"name": "ci", "scope": "operator"}
    answer = admin.call("POST", "/api/v1/tokens", status=201, json=body)
    made = answer.json or {}
    assert answer.headers["Cache-Control"] == "no-store"
    assert made["token"].startswith(f"qm_{made['token_id']}_")
    assert (made["name"], made["scope"], made["created_by"]) == ("ci", "operator", "test-admin")
    shown = admin.call("GET", "/api/v1/tokens?sort=name", status=200)
    assert [item["name"] for item in (shown.json or {})["items"]] == ["ci", "test-admin"]
    assert "digest" not in shown.text
    assert made["token"].rpartition("_")[2] not in shown.text


def test_a_revoked_token_is_listed_with_who_revoked_it(admin: Caller) -> None:
    token_id = admin.post("/api/v1/tokens", {"name": "ci"})["token_id"]
    first = admin.post(f"/api/v1/tokens/{token_id}/revocation", {})
    assert first["revoked_by"] == "test-admin"
    assert admin.post(f"/api/v1/tokens/{token_id}/revocation", {}) == first
    items = admin.get("/api/v1/tokens?fields=name,revoked_at&sort=name")["items"]
    assert items[0] == {"name": "ci", "revoked_at": first["revoked_at"]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "CI"},
        {"name": "ci", "scope": "root"},
        {"name": "ci", "expires_at": "2026-11-22T00:00:00"},
        {"name": "ci", "token": "qm_1"},
    ],
)
def test_an_invalid_request_creates_no_token(admin: Caller, body: dict[str, str]) -> None:
    admin.post("/api/v1/tokens", body, status=422)
    assert len(admin.get("/api/v1/tokens")["items"]) == 1


def test_a_token_that_does_not_exist_is_not_found(admin: Caller) -> None:
    admin.post("/api/v1/tokens/000000000000/revocation", {}, status=404)


def test_an_operator_can_neither_list_nor_make_nor_end_tokens(operator: Caller) -> None:
    operator.get("/api/v1/tokens", status=403)
    operator.post("/api/v1/tokens", {"name": "ci"}, status=403)
    operator.post("/api/v1/tokens/000000000000/revocation", {}, status=403)

# SPDX-License-Identifier: Apache-2.0
"""Requests of other programs over HTTP: signed ones order a run, all others start nothing."""

import json
import time
from typing import Any

import pytest

from inventory_service.webhooks.domain.signatures import WebhookKind
from tests.service.conftest import Caller
from tests.service.webhook_rows import BODY, VALUES
from tests.service.webhook_signing import SIGN

PATH = "/api/v1/webhooks"
DELIVERIES = f"{PATH}/release/deliveries"
KIND = WebhookKind.STANDARD


@pytest.fixture
def secret(admin: Caller) -> str:
    webhook = {"webhook": "release", "template": "deploy", "kind": KIND.value, "values": VALUES}
    admin.post(PATH, webhook)
    made: str = admin.post(f"{PATH}/release/secret", {})["secret"]
    return made


def send(
    stranger: Caller, secret: str, status: int, body: Any = BODY, path: str = DELIVERIES
) -> Any:
    raw = json.dumps(body).encode()
    headers = SIGN[KIND](secret, raw, int(time.time()), json.dumps(body))
    return stranger.call(
        "POST", path, status=status, data=raw, headers=headers, content_type="application/json"
    ).json


def test_a_signed_request_needs_no_token(stranger: Caller, viewer: Caller, secret: str) -> None:
    made = send(stranger, secret, 202)
    assert viewer.get(f"/api/v1/runs/{made['run_id']}")["answers"] == {"version": "v1.2"}
    assert send(stranger, secret, 200) == made
    assert viewer.get(DELIVERIES)["items"] == [made]
    stranger.get(DELIVERIES, status=401)


def test_what_is_ignored_or_refused_says_so_to_who_sent_it(
    admin: Caller, stranger: Caller, secret: str
) -> None:
    conditions = [{"pointer": "/action", "one_of": ["released"]}]
    admin.patch(f"{PATH}/release", {"conditions": conditions})
    assert send(stranger, secret, 200)["reason"] == "/action is not there"
    problem = send(stranger, secret, 422, {"action": "released"})
    assert problem["errors"][0]["field"] == "answers.version"
    outcomes = [one["outcome"] for one in admin.get(DELIVERIES)["items"]]
    assert outcomes == ["refused", "ignored"]
    assert len(admin.get(f"{DELIVERIES}?outcome=refused")["items"]) == 1
    assert admin.get("/api/v1/runs")["items"] == []


def test_what_is_not_signed_starts_nothing_and_is_noted(
    admin: Caller, stranger: Caller, secret: str
) -> None:
    stranger.post(DELIVERIES, BODY, status=401)
    assert "no signature" in admin.get(f"{PATH}/release")["refusal"]
    wrong = send(stranger, secret[:-8] + "AAAAAAA=", 401)
    unknown = send(stranger, secret, 401, path=f"{PATH}/none/deliveries")
    assert wrong["detail"].replace("release", "none") == unknown["detail"]
    assert admin.get("/api/v1/runs")["items"] == admin.get(DELIVERIES)["items"] == []


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"payload=%7B%7D", "application/x-www-form-urlencoded", 415),
        (b'{"a": NaN}', "application/json", 422),
    ],
)
def test_a_body_that_is_no_object_is_refused(
    stranger: Caller, secret: str, data: bytes, content_type: str, status: int
) -> None:
    headers = SIGN[KIND](secret, data, int(time.time()), "one")
    stranger.call(
        "POST", DELIVERIES, status=status, data=data, headers=headers, content_type=content_type
    )


def test_a_token_of_ours_is_no_signature(admin: Caller, secret: str) -> None:
    assert secret
    problem = admin.post(DELIVERIES, BODY, status=401)
    assert "does not fit" in problem["detail"]

# SPDX-License-Identifier: Apache-2.0
"""Webhooks over HTTP: registered, changed, given secrets, previewed and retired."""

from tests.service.conftest import Caller
from tests.service.webhook_rows import BODY, VALUES

PATH = "/api/v1/webhooks"
FIRST = {"webhook": "release", "template": "deploy", "kind": "github", "values": VALUES}


def test_a_webhook_lives_from_registration_to_retirement(admin: Caller, viewer: Caller) -> None:
    made = admin.post(PATH, FIRST)
    assert (made["secret_made_at"], made["is_paused"]) == (None, False)
    assert admin.patch(f"{PATH}/release", {"is_paused": True})["is_paused"]
    assert viewer.get(f"{PATH}/release")["values"] == [VALUES[0] | {"is_required": True}]
    assert [one["webhook"] for one in viewer.get(PATH)["items"]] == ["release"]
    assert admin.post(f"{PATH}/release/retirement", {})["retired_at"]
    admin.post(f"{PATH}/release/secret", {}, status=409)


def test_only_admins_decide_what_outsiders_start(
    admin: Caller, operator: Caller, viewer: Caller
) -> None:
    operator.post(PATH, FIRST, status=403)
    admin.post(PATH, FIRST)
    operator.patch(f"{PATH}/release", {"is_paused": True}, status=403)
    operator.post(f"{PATH}/release/secret", {}, status=403)
    viewer.post(f"{PATH}/release/preview", {"body": {}}, status=403)
    assert operator.post(f"{PATH}/release/preview", {"body": BODY}, status=200)["run"]["hosts"]


def test_a_secret_is_in_its_answer_alone(admin: Caller) -> None:
    admin.post(PATH, FIRST)
    answer = admin.call("POST", f"{PATH}/release/secret", json={"overlap_s": 0}, status=201)
    secret = (answer.json or {})["secret"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret not in str([admin.get(f"{PATH}/release"), admin.get("/api/v1/audit")])
    renewed = admin.post(f"{PATH}/release/secret", {"overlap_s": 60})
    assert renewed["former_valid_until"]
    assert renewed["secret"] != secret
    admin.post(f"{PATH}/none/secret", {}, status=404)
    admin.post(f"{PATH}/release/secret", {"length": 1}, status=422)


def test_a_preview_refuses_what_a_request_would_be_refused_for(admin: Caller) -> None:
    admin.post(PATH, FIRST)
    problem = admin.post(f"{PATH}/release/preview", {"body": {}}, status=422)
    assert "/ref is empty" in problem["detail"]
    admin.post(f"{PATH}/none/preview", {"body": {}}, status=404)

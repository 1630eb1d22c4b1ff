# SPDX-License-Identifier: Apache-2.0
"""Notifications over HTTP: registered, changed, retired, and their secrets never shown."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from inventory_service.core.database.engine import Database
from inventory_service.http.dependencies import EXTENSION
from inventory_service.notifications.domain.destinations import Allowance
from inventory_service.notifications.senders.addresses import Addresses
from inventory_service.settings import Settings
from tests.service.conftest import Caller

PATH = "/api/v1/notifications"
URL = "https://hook.example/services/sentinel-path"
HOOK = {
    "notification": "ops",
    "kind": "webhook",
    "webhook_url": URL,
    "secret": "sentinel-of-a-secret",
}


@pytest.fixture(autouse=True)
def names(app: Flask) -> dict[str, str]:
    """What names resolve to."""
    found = {"hook.example": "93.184.216.34", "inside.example": "10.0.0.1"}

    def answer(host: str, _port: int) -> list[str]:
        if host not in found:
            raise OSError
        return [found[host]]

    components: Any = app.extensions[EXTENSION].components
    components[Addresses] = Addresses(Allowance.parse("127.0.0.0/8"), answer)
    return found


def test_a_notification_lives_from_registration_to_retirement(
    admin: Caller, viewer: Caller
) -> None:
    made = admin.post(PATH, HOOK | {"templates": ["site"], "states": ["failed", "successful"]})
    assert made["destination"] == "https://hook.example"
    assert (made["is_signed"], made["sealings"], made["is_paused"]) == (True, 1, False)
    admin.post(PATH, HOOK, status=409)
    changed = admin.patch(f"{PATH}/ops", {"is_paused": True, "secret": None})
    assert (changed["is_paused"], changed["is_signed"], changed["sealings"]) == (True, False, 2)
    assert changed["destination"] == "https://hook.example"
    assert viewer.get(PATH)["items"] == [viewer.get(f"{PATH}/ops")]
    assert admin.post(f"{PATH}/ops/retirement", {})["retired_at"]
    admin.patch(f"{PATH}/ops", {"is_paused": False}, status=409)


def test_who_may_change_them(admin: Caller, operator: Caller, viewer: Caller) -> None:
    admin.post(PATH, HOOK)
    operator.post(PATH, HOOK, status=403)
    operator.patch(f"{PATH}/ops", {"is_paused": True}, status=403)
    viewer.post(f"{PATH}/ops/test", {}, status=403)
    operator.post(f"{PATH}/ops/test", {})


def test_secrets_are_in_no_answer_no_record_no_log_and_no_plain_column(
    admin: Caller, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    key = {"Idempotency-Key": "once"}
    shown = [
        admin.post(PATH, HOOK, headers=key),
        admin.patch(f"{PATH}/ops", {"webhook_url": f"{URL}-2", "secret": "sentinel-of-another"}),
        admin.post(f"{PATH}/ops/test", {}),
        admin.post(PATH, HOOK | {"notification": "x", "secret": "sentinel"}, status=422),
        admin.post(PATH, HOOK | {"webhook_url": ["sentinel"], "notification": "x"}, status=422),
        admin.post(PATH, HOOK | {"webhook_url": "https://gone.example/sentinel"}, status=422),
        admin.post(PATH, HOOK | {"webhook_url": "https://user:sentinel@hook.example/"}, status=422),
        admin.get(PATH),
        admin.get("/api/v1/audit"),
        admin.get("/api/v1/changes"),
    ]
    assert "sentinel" not in repr(shown)
    records = [one for one in admin.get("/api/v1/audit")["items"] if one["noun"] == "notification"]
    assert [one["action"] for one in records] == ["test", "change", "register"]
    assert records[1]["after"] == {
        "destination": "https://hook.example",
        "is_signed": True,
        "sealings": 2,
    }
    with database.reading() as session:
        for table in ("notifications", "kept_answers", "audit_records", "notification_deliveries"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - our own names
            assert "sentinel" not in repr(rows)
    captured = capfd.readouterr()
    assert "sentinel" not in captured.out + captured.err


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"webhook_url": "http://hook.example/"}, "webhook_url"),
        ({"webhook_url": "https://inside.example/"}, "webhook_url"),
        ({"webhook_url": "https://169.254.169.254/latest/meta-data"}, "webhook_url"),
        ({"webhook_url": "https://gone.example/"}, "webhook_url"),
        ({"webhook_url": "https://localhost/"}, "webhook_url"),
        ({"webhook_url": None}, "webhook_url"),
        ({"recipients": ["ada@example.org"]}, "recipients"),
        ({"kind": "slack"}, "secret"),
        ({"kind": "mail"}, "kind"),
        ({"kind": "pager"}, "kind"),
        ({"templates": ["no-such"]}, "templates"),
        ({"states": ["running"]}, "states.0"),
        ({"password": "x"}, "password"),
    ],
)
def test_what_cant_be_is_refused_by_its_name(
    admin: Caller, change: dict[str, Any], field: str
) -> None:
    problem = admin.post(PATH, HOOK | change, status=422)
    assert field in [error["field"] for error in problem["errors"]]
    assert admin.get(PATH)["items"] == []


def test_a_change_is_checked_like_a_registration(admin: Caller) -> None:
    admin.post(PATH, HOOK)
    for change in (
        {"webhook_url": "https://inside.example/"},
        {"webhook_url": None},
        {"recipients": ["ada@example.org"]},
        {"templates": ["no-such"]},
    ):
        admin.patch(f"{PATH}/ops", change, status=422)
    assert admin.get(f"{PATH}/ops")["sealings"] == 1


def test_without_a_key_no_url_is_stored(admin: Caller, settings: Settings) -> None:
    settings.secret_key_path.unlink()
    problem = admin.post(PATH, HOOK, status=409)
    assert "QM_SECRET_KEY_FILE" in problem["detail"]
    assert admin.get(PATH)["items"] == []

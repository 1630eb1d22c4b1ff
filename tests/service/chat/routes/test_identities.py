# SPDX-License-Identifier: Apache-2.0
"""Identities over HTTP: admins register and remove them, people link themselves."""

from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.usecases.identities import give_code
from inventory_service.core.database.engine import Database
from tests.service.conftest import Caller

PATH = "/api/v1/chat/identities"


def test_an_admin_registers_and_removes(admin: Caller) -> None:
    body = {"platform": "slack", "team_id": "T1", "user_id": "U1", "account": "test-admin"}
    made = admin.post(PATH, body)
    assert admin.get(f"{PATH}/{made['id']}") == made
    assert admin.get(PATH)["items"] == [made]
    assert "acts for the account" in admin.post(PATH, body, status=409)["detail"]
    other = body | {"user_id": "U2"}
    assert admin.post(PATH, other | {"account": "bob"}, status=404)
    assert admin.post(PATH, other | {"platform": "irc"}, status=422)
    assert admin.post(PATH, other | {"scope": "admin"}, status=422)
    assert admin.post(f"{PATH}/{made['id']}/removal", {"reason": "gone"}) == made
    admin.get(f"{PATH}/{made['id']}", status=404)
    assert admin.get(PATH)["items"] == []


def test_a_person_confirms_a_code(database: Database, viewer: Caller) -> None:
    with database.writing() as session:
        code = give_code(session, Sender("slack", "T1", "U1", "C1", "vera"))
    shown = viewer.get(f"/api/v1/chat/links/{code}")
    assert (shown["platform"], shown["user_id"], shown["user_name"]) == ("slack", "U1", "vera")
    made = viewer.post("/api/v1/chat/links", {"code": code})
    assert (made["account"], made["scope"]) == ("test-viewer", "viewer")
    viewer.post("/api/v1/chat/links", {"code": code}, status=404)
    viewer.get(f"/api/v1/chat/links/{code}", status=404)
    viewer.get("/api/v1/chat/links/nonsense", status=422)
